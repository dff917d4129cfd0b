"""Voices are listened to once: what was heard of a film's sound is found by its checksum, and nothing else is."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

import support
from samvad.media.audio import SAMPLE_RATE_HZ
from samvad.stages.subtitle_gen import listening
from samvad.stages.subtitle_gen.listening import Listener


def sound_of(path: Path, *pitches_hz: float) -> Path:
    """Write a second of a buzz of each pitch, with its overtones, or of silence (0)."""
    times = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    parts = [sum(np.sin(2 * np.pi * pitch * tone * times) / tone for tone in range(1, 9)) for pitch in pitches_hz]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((np.concatenate(parts) * 6000).astype("<i2").tobytes())
    return path


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAMVAD_CACHE", support.new_cache(tmp_path)["SAMVAD_CACHE"])
    return tmp_path / "cache" / "voices"


def test_what_was_heard_is_not_listened_to_again(tmp_path: Path, cache: Path) -> None:
    audio, checked = sound_of(tmp_path / "audio.wav", 110, 220, 0), []
    first = Listener(audio, "sha256:1")
    heard = [first(start, start + 1000) for start in (0, 1000, 2000)]
    assert heard[0] and heard[1] and round(heard[1].semitones_from(heard[0])) == 12 and heard[2] is None
    first.keep(lambda: checked.append("the sound"))
    assert checked == ["the sound"] and len(list(cache.iterdir())) == 1

    second = Listener(tmp_path / "there is no sound", "sha256:1")
    assert [second(start, start + 1000) for start in (0, 1000, 2000)] == heard
    second.keep(lambda: checked.append("nothing new"))
    with pytest.raises(FileNotFoundError):
        second(500, 1500)
    assert checked == ["the sound"]


def test_what_anybody_may_have_written_or_is_damaged_or_of_another_sound_is_not_taken(
    tmp_path: Path, cache: Path
) -> None:
    audio = sound_of(tmp_path / "audio.wav", 110)
    first = Listener(audio, "sha256:1")
    heard = first(0, 1000)
    first.keep(lambda: None)
    (kept,) = cache.iterdir()
    told = kept.read_text("utf-8")
    other = sound_of(tmp_path / "other.wav", 220)
    assert Listener(other, "sha256:2")(0, 1000) != heard
    kept.write_text(told.replace("pitch_hz", "pitch"), "utf-8")
    assert Listener(other, "sha256:1")(0, 1000) != heard
    kept.write_text(told, "utf-8")
    assert Listener(other, "sha256:1")(0, 1000) == heard
    cache.chmod(0o777)
    assert Listener(other, "sha256:1")(0, 1000) != heard


def test_nothing_is_kept_where_results_are_not_reused_or_the_sound_has_changed(tmp_path: Path, cache: Path) -> None:
    audio = sound_of(tmp_path / "audio.wav", 110)
    never = Listener(audio, None)
    assert never(0, 1000)
    never.keep(lambda: None)

    def changed() -> None:
        raise RuntimeError("the sound was written into")

    late = Listener(audio, "sha256:1")
    assert late(0, 1000)
    with pytest.raises(RuntimeError):
        late.keep(changed)
    assert not cache.exists() and cache.name == listening._ROOM


@pytest.mark.parametrize("place", ["a file", "n" * 300], ids=["a file", "longer than a name may be"])
def test_a_cache_that_cannot_be_is_no_matter(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / place))
    listener = Listener(sound_of(tmp_path / "audio.wav", 110), "sha256:1")
    assert listener(0, 1000)
    listener.keep(lambda: None)
