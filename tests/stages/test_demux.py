"""Stage 01 as a command: the right track, on the film's clock, with true facts; and a clear word when it cannot be."""

from __future__ import annotations

import base64
import json
import subprocess
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import extract_audio
import odd_films
import support
from samvad.core import checksums
from samvad.media import ffmpeg
from samvad.stages.demux import extract

RATE_HZ = 16_000
FAINT = 200  # of 32768: below this it is silence


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


def demux(folder: Path, film: Path, *options: object) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Run the stage on a film; return its job folder and how it went."""
    job = support.make_job(folder)
    return job, support.run_script("demux", "--job-folder", job, "--film", "test", f"--media={film}", *options)


def facts(job: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((job / "01_demux" / "probe.json").read_text("utf-8"))
    return found


def sound(job: Path) -> np.ndarray[Any, np.dtype[np.int16]]:
    with wave.open(str(job / "01_demux" / "audio.wav"), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")


def first_sound_ms(job: Path) -> float:
    """Return when something is first heard."""
    loud = np.flatnonzero(np.abs(sound(job).astype(int)) > FAINT)
    return float(loud[0]) * 1000 / RATE_HZ


def tone(folder: Path, name: str, *options: object) -> Path:
    """Make a film of two seconds with ffmpeg."""
    film = folder / name
    picture = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=24:duration=2")
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *picture, *map(str, options), film], check=True)
    return film


def pitch_hz(job: Path) -> float:
    """Return the strongest frequency."""
    samples = sound(job).astype(float)
    return float(np.argmax(np.abs(np.fft.rfft(samples)))) * RATE_HZ / len(samples)


@pytest.fixture(scope="module")
def tracks(films: Path) -> Path:
    """Make a film with three audio tracks that can be told by their pitch: English, Hindi (default), no language."""
    tones = [word for pitch in (300, 600, 900) for word in ("-f", "lavfi", "-i", f"sine=frequency={pitch}:duration=2")]
    maps = [word for number in range(4) for word in ("-map", str(number))]
    tags = ("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=hin", "-disposition:a:1", "default")
    return tone(films, "tracks.mkv", *tones, *maps, *tags, "-disposition:a:0", "0", "-c:v", "ffv1", "-c:a", "flac")


@pytest.mark.parametrize(
    ("options", "track", "reason"),
    [
        (["--languages", "hi", "en"], 1, "its language tag is hi"),
        (["--languages", "en", "hi"], 0, "its language tag is en"),
        (["--languages", "ta"], 1, "it is flagged as default"),
        ([], 1, "it is flagged as default"),
        (["--languages", "hi", "--audio-track", "2"], 2, "its number was given"),
    ],
)
def test_the_track_is_chosen_by_number_then_language_then_flag(
    tmp_path: Path, tracks: Path, options: list[str], track: int, reason: str
) -> None:
    job, done = demux(tmp_path, tracks, *options)
    assert done.returncode == 0, done.stderr
    assert (facts(job)["chosen_audio_track"], facts(job)["chosen_because"]) == (track, reason)
    assert pitch_hz(job) == pytest.approx(300 * (track + 1), abs=5), "what was extracted is what was chosen"
    assert [found["language"] for found in facts(job)["audio"]] == ["en", "hi", None]


def test_a_track_in_another_language_than_the_films_is_warned_of(tmp_path: Path, tracks: Path) -> None:
    job, _ = demux(tmp_path, tracks, "--languages", "hi", "--audio-track", "0")
    (warning,) = support.manifest_of(job, "demux")["warnings"]
    assert "tagged en" in warning["message"]


def test_a_track_that_is_not_there_is_refused_with_the_key(tmp_path: Path, tracks: Path) -> None:
    job, done = demux(tmp_path, tracks, "--audio-track", "3")
    assert done.returncode == 3
    assert "no audio track 3; it has 3, counted from 0" in done.stderr and "demux.audio_track" in done.stderr
    assert not (job / "01_demux" / "manifest.json").exists()


def test_an_audio_track_that_is_no_number_is_refused_as_an_option(tmp_path: Path, tracks: Path) -> None:
    _, done = demux(tmp_path, tracks, "--audio-track", "second")
    assert done.returncode == 2, done.stderr
    assert "second" in done.stderr and "Traceback" not in done.stderr


def test_the_facts_of_a_film_are_written_down(tmp_path: Path, films: Path) -> None:
    job, done = demux(tmp_path, odd_films.existing_subtitles(films), "--languages", "en")
    assert done.returncode == 0, done.stderr
    found = facts(job)
    assert found["video"] == {
        "codec": "h264",
        "width": 128,
        "height": 72,
        "frame_rate_numerator": 24,
        "frame_rate_denominator": 1,
        "variable_frame_rate": False,
    }
    assert found["duration_ms"] == pytest.approx(6000, abs=100)
    assert [(track["language"], track["default"], track["forced"]) for track in found["subtitles"]] == [
        ("en", True, False),
        ("hi", False, True),
    ]
    manifest = support.manifest_of(job, "demux")
    (film,) = manifest["inputs"]
    assert (film["type"], film["checksum"]) == ("film", found["checksum"])
    picture, sound, *texts = film["media"]["streams"]
    assert (picture["kind"], picture["codec"], picture["video"]["frame_rate"]) == ("video", "h264", "24/1")
    assert (sound["kind"], sound["audio"]["channels"]) == ("audio", 1)
    assert [(text["language"], text["forced"]) for text in texts] == [("eng", False), ("hin", True)]
    (wav,) = [output["media"] for output in manifest["outputs"] if output["type"] == "audio"]
    assert wav["container"] == "wav" and wav["streams"][0]["audio"] == {
        "channels": 1,
        "layout": None,
        "sample_rate_hz": 16_000,
    }
    assert {output["type"] for output in manifest["outputs"]} == {
        "metadata",
        "audio",
        "probe",
        "waveform",
        "poster",
    }
    assert {"ffmpeg", "ffprobe"} <= set(manifest["software"]["tools"])


def test_a_variable_frame_rate_is_told(tmp_path: Path, films: Path) -> None:
    job, _ = demux(tmp_path, odd_films.variable_frame_rate(films))
    assert facts(job)["video"]["variable_frame_rate"] is True


def test_a_film_without_a_length_in_its_header_is_measured(tmp_path: Path, films: Path) -> None:
    job, done = demux(tmp_path, odd_films.no_duration_header(films))
    assert done.returncode == 0, done.stderr
    assert facts(job)["duration_ms"] == pytest.approx(6000, abs=50), "its picture; its sound ends before"
    assert len(sound(job)) / RATE_HZ < 5
    (film,) = support.manifest_of(job, "demux")["inputs"]
    assert (film["media"]["duration_from"], film["media"]["duration_ms"]) == ("packets", facts(job)["duration_ms"])


def test_sound_whose_length_ffprobe_guesses_wrong_is_not_taken_for_cut_short(tmp_path: Path) -> None:
    """Raw AAC has no length; ten seconds of silence, then ten of sound, make ffprobe say several minutes."""
    film = tmp_path / "raw.aac"
    swell = "sine=duration=20,volume='if(lt(t,10),0,1)':eval=frame"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", swell, "-q:a", "1", "-f", "adts", film], check=True)
    job, done = demux(tmp_path, film)
    assert done.returncode == 0, done.stderr
    assert facts(job)["duration_ms"] == pytest.approx(20_000, abs=100)
    assert facts(job)["audio"][0]["duration_ms"] == pytest.approx(20_000, abs=100), "measured"


def test_a_recording_whose_clock_starts_late_begins_at_nought(tmp_path: Path, films: Path) -> None:
    job, done = demux(tmp_path, odd_films.mpeg_ts(films))
    assert done.returncode == 0, done.stderr
    assert facts(job)["audio"][0]["start_ms"] <= 100
    assert facts(job)["duration_ms"] < 10_000
    assert first_sound_ms(job) == pytest.approx(odd_films.LEAD_MS, abs=100)


@pytest.mark.parametrize("make", [odd_films.audio_offset_5s_mkv, odd_films.audio_offset_5s_mp4])
def test_sound_that_starts_late_stays_late(tmp_path: Path, films: Path, make: odd_films.OddFilm) -> None:
    job, done = demux(tmp_path, make(films))
    assert done.returncode == 0, done.stderr
    assert facts(job)["audio"][0]["start_ms"] == pytest.approx(odd_films.AUDIO_OFFSET_MS, abs=50)
    assert first_sound_ms(job) == pytest.approx(odd_films.LATE_SPEECH_MS, abs=50)


@pytest.mark.parametrize("codec", ["aac", "ac3"])
def test_sound_that_starts_late_and_ends_early_is_whole_in_matroska(tmp_path: Path, codec: str) -> None:
    """ffprobe tells of the first that it starts late, of the second that it lasts as long as the picture."""
    late = ("-itsoffset", "0.5", "-f", "lavfi", "-i", "sine=duration=1")
    job, done = demux(tmp_path, tone(tmp_path, "late.mkv", *late, "-c:v", "ffv1", "-c:a", codec))
    assert done.returncode == 0, done.stderr
    assert first_sound_ms(job) == pytest.approx(500, abs=60)


def test_a_picture_that_starts_late_does_not_move_the_sound(tmp_path: Path) -> None:
    late = ("-itsoffset", "2", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=24:duration=2")
    film = tmp_path / "late picture.mkv"
    heard = ("-f", "lavfi", "-i", "sine=duration=4", "-af", "volume=0:enable='lt(t,3)'")
    subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", *late, *heard, "-c:v", "ffv1", "-c:a", "flac", film], check=True
    )
    job, done = demux(tmp_path, film)
    assert done.returncode == 0, done.stderr
    assert first_sound_ms(job) == pytest.approx(3000, abs=50)


def test_a_hole_in_the_sound_becomes_silence(tmp_path: Path) -> None:
    hole = "aselect='lt(t,1)+gt(t,3)'"  # frames keep their times
    whole = tone(
        tmp_path, "hole.mkv", "-f", "lavfi", "-i", "sine=duration=4", "-af", hole, "-c:v", "ffv1", "-c:a", "flac"
    )
    job, done = demux(tmp_path, whole)
    assert done.returncode == 0, done.stderr
    samples = np.abs(sound(job).astype(int))
    assert len(samples) / RATE_HZ == pytest.approx(4, abs=0.1)
    assert samples[int(1.2 * RATE_HZ) : int(2.8 * RATE_HZ)].max() < FAINT
    assert samples[int(3.2 * RATE_HZ) :].max() > FAINT


def test_dialogue_of_the_centre_channel_stands_out(tmp_path: Path) -> None:
    """Left and right hum at 300 Hz, twice as loud as the centre's 900 Hz."""
    channels = "0.5*sin(600*PI*t)|0.5*sin(600*PI*t)|0.25*sin(1800*PI*t)|0|0|0"
    surround = ("-f", "lavfi", "-i", f"aevalsrc='{channels}':channel_layout=5.1:duration=2")
    film = tone(tmp_path, "surround.mkv", *surround, "-c:v", "ffv1", "-c:a", "flac")
    levels = {}
    for downmix in ("centre", "plain"):
        job, done = demux(tmp_path / downmix, film, "--downmix", downmix)
        assert done.returncode == 0, done.stderr
        spectrum = np.abs(np.fft.rfft(sound(job).astype(float)[:RATE_HZ]))
        levels[downmix] = spectrum[900] / spectrum[300]
        assert np.abs(sound(job).astype(int)).max() < 32_767, "nothing is clipped"
    assert levels["centre"] > 0.7
    assert levels["centre"] > 2 * levels["plain"]


def two_channels(folder: Path, name: str, left: str, right: str) -> Path:
    """Make a film whose left and right channel are given as expressions of the time."""
    both = ("-f", "lavfi", "-i", f"aevalsrc='{left}|{right}':channel_layout=stereo:duration=2")
    return tone(folder, name, *both, "-c:v", "ffv1", "-c:a", "flac")


def metrics(job: Path) -> dict[str, Any]:
    return {metric["name"]: metric["value"] for metric in support.manifest_of(job, "demux")["metrics"]}


def test_channels_in_opposite_phase_are_heard_and_said(tmp_path: Path) -> None:
    film = two_channels(tmp_path, "phase.mkv", "0.5*sin(600*PI*t)", "-0.5*sin(600*PI*t)")
    job, done = demux(tmp_path / "auto", film)
    assert done.returncode == 0, done.stderr
    assert np.abs(sound(job).astype(int)).max() > 10_000 and pitch_hz(job) == pytest.approx(300, abs=5)
    (warning,) = support.manifest_of(job, "demux")["warnings"]
    assert "opposite phase" in warning["message"]
    assert (metrics(job)["audio_channel"], facts(job)["chosen_channel"]) == ("side", "side")


@pytest.mark.parametrize(("asked", "pitch"), [("left", 300), ("right", 900), ("1", 900)])
def test_a_channel_can_be_named(tmp_path: Path, asked: str, pitch: int) -> None:
    film = two_channels(tmp_path, "two.mkv", "0.5*sin(600*PI*t)", "0.5*sin(1800*PI*t)")
    job, done = demux(tmp_path / "job", film, "--audio-channel", asked)
    assert done.returncode == 0, done.stderr
    assert pitch_hz(job) == pytest.approx(pitch, abs=5)
    assert metrics(job)["audio_channel"] == asked and not support.manifest_of(job, "demux")["warnings"]


def test_the_choice_of_a_track_stands_in_the_manifest(tmp_path: Path) -> None:
    tones = [word for pitch in (300, 600) for word in ("-f", "lavfi", "-i", f"sine=frequency={pitch}:duration=2")]
    maps = [word for number in range(3) for word in ("-map", str(number))]
    tags = ("-metadata:s:a:0", "title=Director's Commentary", "-disposition:a:0", "default", "-disposition:a:1", "0")
    film = tone(tmp_path, "commentary.mkv", *tones, *maps, *tags, "-c:v", "ffv1", "-c:a", "flac")
    job, done = demux(tmp_path, film)
    assert done.returncode == 0, done.stderr
    assert pitch_hz(job) == pytest.approx(600, abs=5)
    assert metrics(job)["audio_track"] == 1
    assert "track 0 is a commentary" in metrics(job)["audio_track_because"]
    assert facts(job)["audio"][0]["flags"] == [] and facts(job)["clock"]["spans"][2]["start_ms"] == 0


def test_silence_from_beginning_to_end_is_said(tmp_path: Path) -> None:
    silent = ("-f", "lavfi", "-i", "anullsrc=duration=2", "-c:v", "ffv1", "-c:a", "flac", "-t", "2")
    job, done = demux(tmp_path, tone(tmp_path, "silent.mkv", *silent))
    assert done.returncode == 0, done.stderr
    (warning,) = support.manifest_of(job, "demux")["warnings"]
    assert "silent from beginning to end" in warning["message"]


def test_a_track_that_is_silent_is_passed_over_for_one_that_is_heard(tmp_path: Path) -> None:
    """As cameras and studios write them: a mono track for each channel, of which some were never used."""
    silent = ("-f", "lavfi", "-i", "anullsrc=channel_layout=mono:duration=2")
    heard = ("-f", "lavfi", "-i", "sine=frequency=300:duration=2")
    maps = [word for number in (0, 1, 1, 2, 1) for word in ("-map", str(number))]
    coded = (*maps, "-c:v", "ffv1", "-c:a", "pcm_s24le", "-t", "2")
    job, done = demux(tmp_path, tone(tmp_path, "microphones.mkv", *silent, *heard, *coded))
    assert done.returncode == 0, done.stderr
    assert pitch_hz(job) == pytest.approx(300, abs=5)
    assert (metrics(job)["audio_track"], facts(job)["chosen_audio_track"]) == (2, 2)
    passed_over, doubt = (warning["message"] for warning in support.manifest_of(job, "demux")["warnings"])
    assert "tracks 0, 1 are silent" in passed_over and "2 is recognised" in passed_over
    assert "tells the audio tracks 2, 3 apart" in doubt
    assert not list(job.rglob("other.wav"))
    named, done = demux(tmp_path / "named", tmp_path / "microphones.mkv", "--audio-track", "1")
    assert done.returncode == 0 and metrics(named)["audio_track"] == 1, "a person's word is kept"
    commentary = ("-metadata:s:a:2", "title=Commentary")
    job, done = demux(tmp_path / "other", tone(tmp_path, "commentary.mkv", *silent, *heard, *coded, *commentary))
    assert done.returncode == 0 and metrics(job)["audio_track"] == 0, "a commentary is not the film's dialogue"
    assert "silent from beginning to end" in support.manifest_of(job, "demux")["warnings"][-1]["message"]


@pytest.mark.parametrize(("count", "speaks", "layout"), [(16, 11, "hexadecagonal"), (6, 4, "5.1"), (8, 3, "7.1")])
def test_the_one_channel_that_has_a_sound_is_heard(tmp_path: Path, count: int, speaks: int, layout: str) -> None:
    each = "|".join("0.5*sin(600*PI*t)" if number == speaks else "0" for number in range(count))
    made = ("-f", "lavfi", "-i", f"aevalsrc={each}:d=3:c={layout}", "-c:v", "ffv1", "-c:a", "pcm_s16le", "-t", "3")
    job, done = demux(tmp_path, tone(tmp_path, "one.mov", *made))
    assert done.returncode == 0, done.stderr
    assert np.abs(sound(job).astype(int)).max() > 300 and pitch_hz(job) == pytest.approx(300, abs=5)


def test_sound_alone_has_no_picture(tmp_path: Path, films: Path) -> None:
    job, done = demux(tmp_path, odd_films.audio_only(films))
    assert done.returncode == 0, done.stderr
    assert facts(job)["video"] is None


def test_the_picture_of_a_cover_is_no_film(tmp_path: Path, films: Path) -> None:
    job, done = demux(tmp_path, odd_films.video_with_cover_art_only(films))
    assert done.returncode == 0, done.stderr
    assert facts(job)["video"] is None
    assert first_sound_ms(job) == pytest.approx(odd_films.LEAD_MS, abs=100)


def test_a_hostile_name_is_just_a_name(tmp_path: Path, films: Path) -> None:
    film = odd_films.hostile_name(films)
    job, done = demux(tmp_path, film)
    assert done.returncode == 0, done.stderr
    assert support.manifest_of(job, "demux")["inputs"][0]["path"] == str(film)


REFUSED = {
    "missing": (lambda folder: folder / "missing.mkv", "does not exist"),
    "folder": (lambda folder: folder, "is a folder, not a film"),
    "empty": (odd_films.zero_bytes, "is empty (0 bytes)"),
    "text": (odd_films.text_named_mp4, "is text, not a film"),
    "truncated": (odd_films.truncated, "is cut short"),
    "mute": (odd_films.no_audio, "has no audio track"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_is_no_film_is_refused_by_name(tmp_path: Path, films: Path, fault: str) -> None:
    make, reason = REFUSED[fault]
    film = make(films)
    job, done = demux(tmp_path, film)
    assert done.returncode == 3
    assert reason in done.stderr and str(film) in done.stderr
    assert done.stderr.count(reason) == 1, "said once"
    assert "Traceback" not in done.stderr
    assert not (job / "01_demux" / "manifest.json").exists()
    assert not list((job / "01_demux").glob("*.wav"))
    failed = support.failed_manifest(job, "demux")
    assert failed["errors"][0]["file"] == str(film)
    read = [(item["type"], item["path"], item["size_bytes"]) for item in failed["inputs"]]
    assert read == ([("film", str(film), film.stat().st_size)] if film.is_file() else []), "which film it was"


def test_what_mp4_cannot_hold_is_refused_before_the_work(tmp_path: Path) -> None:
    film = tmp_path / "ffv1.mkv"
    many = "pan=hexadecagonal|" + "|".join(f"c{place}=c0" for place in range(16))
    made = [ffmpeg.synthetic("testsrc=size=64x64:rate=10:duration=1"), ffmpeg.synthetic("sine=duration=1")]
    assert ffmpeg.run(made, film, {"c:v": "ffv1", "c:a": "pcm_s16le", "af": many, "f": "matroska"}).code == 0
    _, done = demux(tmp_path / "mp4", film, "--becomes", "mp4")
    assert done.returncode == 3
    assert "MP4 cannot hold the picture ffv1 (stream 0), the 16 channels of the sound pcm_s16le" in done.stderr
    assert "mux.container" in done.stderr
    _, done = demux(tmp_path / "mkv", film)
    assert done.returncode == 0, done.stderr


def test_a_film_that_may_not_be_read_is_refused(tmp_path: Path, films: Path) -> None:
    film = tmp_path / "locked.mkv"
    film.write_bytes(odd_films.no_duration_header(films).read_bytes())
    film.chmod(0)
    try:
        film.open("rb").close()
    except PermissionError:
        _, done = demux(tmp_path, film)
        assert done.returncode == 3 and "may not be read" in done.stderr
    else:
        pytest.skip("this user may read everything")


def test_a_truncated_film_can_be_taken_as_it_is(tmp_path: Path, films: Path) -> None:
    job, done = demux(tmp_path, odd_films.truncated(films), "--min-decoded-share", "0.1")
    assert done.returncode == 0, done.stderr
    assert 1000 < len(sound(job)) * 1000 / RATE_HZ < 5000


REAL = {"vfr.mp4": None, "noduration.webm": None, "badcontainer.mp4": None, "bbb_51.mp4": None, "truncated.mp4": 3}


@pytest.mark.parametrize("name", REAL)
def test_real_films_with_quirks(tmp_path: Path, name: str) -> None:
    film = support.MEDIA / "D_video" / name
    if not film.exists():
        pytest.skip(f"{film} is not on this machine")
    job, done = demux(tmp_path, film)
    if REAL[name] or "has no audio track" in done.stderr:
        assert done.returncode == 3
        return
    assert done.returncode == 0, done.stderr
    assert facts(job)["duration_ms"] >= len(sound(job)) * 1000 // RATE_HZ
    if name == "vfr.mp4":
        assert facts(job)["video"]["variable_frame_rate"] is True
    if name == "bbb_51.mp4":
        assert facts(job)["audio"][0]["layout"].startswith("5.1")


# -- what people look at -----------------------------------------------------------------------------------------------


def test_the_waveform_is_loud_where_somebody_speaks(tmp_path: Path, sample: Any) -> None:
    job, _ = demux(tmp_path, sample.film)
    wave_of = json.loads((job / "01_demux" / "waveform.json").read_text("utf-8"))
    peaks = np.frombuffer(base64.b64decode(wave_of["peaks"]), dtype=np.uint8)
    rate = wave_of["peaks_a_second"]
    assert len(peaks) == pytest.approx(sample.truth["duration_ms"] / 1000 * rate, abs=rate)
    (silence,) = [item for item in sample.truth["stretches"] if item["kind"] == "silence"]
    quiet = peaks[silence["start_ms"] * rate // 1000 + 5 : silence["end_ms"] * rate // 1000 - 5]
    line = sample.truth["lines"][0]
    spoken = peaks[line["start_ms"] * rate // 1000 : line["end_ms"] * rate // 1000]
    assert quiet.max() < 40 < spoken.mean()
    assert (job / "01_demux" / "poster.jpg").read_bytes()[:2] == b"\xff\xd8"


def test_a_sound_file_has_no_picture_to_show(tmp_path: Path) -> None:
    film = tmp_path / "sound.wav"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=duration=2", film], check=True)
    job, done = demux(tmp_path, film)
    assert done.returncode == 0, done.stderr
    kinds = {output["type"] for output in support.manifest_of(job, "demux")["outputs"]}
    assert kinds - {"metadata"} == {"audio", "probe", "waveform"}


def test_pictures_that_cannot_be_read_cost_the_shelf_its_picture_and_nothing_else(tmp_path: Path) -> None:
    film = tone(tmp_path, "odd.mkv", "-f", "lavfi", "-i", "sine=duration=2", "-c:v", "libx264", "-c:a", "flac")
    data = bytearray(film.read_bytes())
    place = data.index(b"V_MPEG4/ISO/AVC")
    data[place : place + 15] = b"V_MPEG4/ISO/XXX"
    film.write_bytes(data)
    job, done = demux(tmp_path / "job", film)
    assert done.returncode == 0, done.stderr
    manifest = support.manifest_of(job, "demux")
    assert {output["type"] for output in manifest["outputs"]} == {"audio", "probe", "waveform", "metadata"}


@pytest.mark.usefixtures("own_cache")
def test_a_full_disk_is_told_first(films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when a film was read from beginning to end, which takes minutes."""
    film = tone(films, "full.mkv", "-f", "lavfi", "-i", "sine=frequency=440:duration=2", "-c:v", "ffv1", "-c:a", "flac")
    read: list[Path] = []
    monkeypatch.setattr(checksums, "take", lambda path: str(read.append(path)))
    monkeypatch.setattr(extract.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10}))
    job = support.make_job(tmp_path)
    assert extract_audio.main(["--job-folder", str(job), "--film", "test", f"--media={film}"]) != 0
    (error,) = support.failed_manifest(job, "demux")["errors"]
    assert "but the film's audio needs" in error["message"] and not read


@pytest.mark.parametrize(("first", "then", "suffix"), [(2, 6, "mkv"), (6, 2, "ts"), (1, 2, "mp4")])
def test_sound_whose_channels_change_on_the_way_stays_in_time(
    tmp_path: Path, first: int, then: int, suffix: str
) -> None:
    """Broadcasts go to 5.1 where a film begins: ffmpeg begins its filters anew, with silence from zero on."""
    parts = [tmp_path / f"{number}.ac3" for number in (1, 2)]
    beep = "sine=frequency=600:duration=4,volume='between(t,1,2)':eval=frame"
    for part, channels in zip(parts, (first, then), strict=True):
        coded = ("-ac", channels, "-ar", 48000, "-c:a", "ac3", part)
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", beep, *map(str, coded)], check=True)
    both = tmp_path / "both.ac3"
    both.write_bytes(b"".join(part.read_bytes() for part in parts))
    film = tone(tmp_path, f"film.{suffix}", "-i", both, "-map", 0, "-map", 1, "-c:a", "copy")
    job, done = demux(tmp_path, film)
    assert done.returncode == 0, done.stderr
    found = sound(job)
    assert len(found) / RATE_HZ == pytest.approx(8.0, abs=0.1)
    windows = np.abs(found[: len(found) // 160 * 160].astype(int)).reshape(-1, 160)
    loud = windows.max(axis=1) > FAINT
    begins = np.flatnonzero(loud & ~np.concatenate([[False], loud[:-1]])) / 100
    assert begins == pytest.approx([1.0, 5.0], abs=0.05)
    assert facts(job)["duration_ms"] == pytest.approx(8000, abs=100)
    (warning,) = support.manifest_of(job, "demux")["warnings"]
    assert "sound changes its channels" in warning["message"]


@pytest.mark.parametrize(
    ("first", "then", "coder", "suffix"),
    [
        (22050, 48000, "libmp3lame", "mp3"),
        (48000, 22050, "libmp3lame", "mp3"),
        (44100, 48000, "aac", "aac"),
        (44100, 48000, "libvorbis", "ogg"),
    ],
)
def test_a_bare_sound_whose_rate_changes_on_the_way_is_heard_at_its_speed(
    tmp_path: Path, first: int, then: int, coder: str, suffix: str
) -> None:
    """Files of two programmes, one behind the other: ffmpeg counts all packets by the rate of the first."""
    parts = [tmp_path / f"{number}.{suffix}" for number in (1, 2)]
    beep = "sine=frequency=600:duration=6,volume='between(t,1,2)+between(t,4,5)':eval=frame"
    for part, rate in zip(parts, (first, then), strict=True):
        coded = ("-ar", rate, "-c:a", coder, part)
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", beep, *map(str, coded)], check=True)
    both = tmp_path / f"both.{suffix}"
    both.write_bytes(b"".join(part.read_bytes() for part in parts))
    job, done = demux(tmp_path, both)
    assert done.returncode == 0, done.stderr
    found = sound(job)
    windows = np.abs(found[: len(found) // 160 * 160].astype(int)).reshape(-1, 160)
    loud = windows.max(axis=1) > windows.max() / 4
    begins = np.flatnonzero(loud & ~np.concatenate([[False], loud[:-1]])) / 100
    ends = np.flatnonzero(loud & ~np.concatenate([loud[1:], [False]])) / 100
    assert begins == pytest.approx([1.0, 4.0, 7.0, 10.0], abs=0.15), "paddings of coders lie between"
    assert ends - begins == pytest.approx(1.0, abs=0.05)
    assert facts(job)["duration_ms"] == pytest.approx(12000, abs=200)
    assert facts(job)["clock"]["duration_ms"] == facts(job)["duration_ms"]
    (warning,) = support.manifest_of(job, "demux")["warnings"]
    assert "or its rate" in warning["message"]


def test_a_sound_that_is_longer_than_its_times_say_is_told(tmp_path: Path) -> None:
    """In Matroska the times of such packets are as wrong as ffmpeg made them: there is nothing to go by."""
    parts = [tmp_path / f"{rate}.mp3" for rate in (22050, 48000)]
    for part in parts:
        coded = ("-ar", part.stem, "-c:a", "libmp3lame", part)
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=duration=6", *map(str, coded)], check=True)
    both, film = tmp_path / "both.mp3", tmp_path / "film.mka"
    both.write_bytes(b"".join(part.read_bytes() for part in parts))
    subprocess.run(["ffmpeg", "-v", "error", "-i", both, "-c", "copy", film], check=True)
    job, done = demux(tmp_path, film)
    assert done.returncode == 0, done.stderr
    warnings = [item["message"] for item in support.manifest_of(job, "demux")["warnings"]]
    assert ["may not be in time" in warning for warning in warnings].count(True) == 1, warnings


@pytest.mark.parametrize(
    "dropped", [(), ("-vf", "select=not(between(n\\,10\\,44))", "-fps_mode", "vfr")], ids=["all", "some"]
)
def test_h264_in_avi_without_times_is_as_long_as_its_pictures(tmp_path: Path, dropped: tuple[str, ...]) -> None:
    """AVI says when a picture is to be decoded, not when it is shown; its header counts 3.2 s of sound here.

    Of pictures that were dropped nothing is in it but the room that they took.
    """
    coded = ("-c:v", "libx264", "-bf", "0" if dropped else "2", *dropped, "-c:a", "libmp3lame", "-af", "atrim=0:3")
    film = tmp_path / "film.avi"
    inputs = ("-f", "lavfi", "-i", "testsrc=s=64x64:r=10:d=6", "-f", "lavfi", "-i", "sine=d=6")
    subprocess.run(["ffmpeg", "-v", "error", *inputs, *coded, film], check=True)
    job, done = demux(tmp_path, film)
    assert done.returncode == 0, done.stderr
    assert facts(job)["duration_ms"] == pytest.approx(6000, abs=100), "a tenth of a second is a picture"
    assert "ends before the film does" in support.manifest_of(job, "demux")["warnings"][0]["message"]
