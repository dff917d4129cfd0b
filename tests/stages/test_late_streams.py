"""Films whose picture begins long behind their sound, or the other way round: from stage 01 to a proved result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import clock_matrix
import support
from muxing import ffmpeg
from samvad.documents.subtitles.cues import Cue
from samvad.media import film_headers, film_packets, late_streams

#: When sound and picture begin and end, in seconds; by the name of a film.
FILMS: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "picture-late.ts": ((0, 16), (12, 18)),
    # Ten seconds without anything are a leap of a recording's clock: ffmpeg and players go on at once.
    "sound-over.ts": ((0, 6), (20, 24)),
    "sound-over.mp4": ((0, 6), (20, 24)),
    "sound-over.mkv": ((0, 6), (20, 24)),
    "sound-late.ts": ((12, 18), (0, 6)),
    "sound-late.vob": ((12, 18), (0, 6)),
}
_CODECS = {"vob": ("mpeg2video", "mp2")}


def _made(name: str, folder: Path) -> Path:
    """Make the film; only a copy of packets leaves times to MP4 as they are."""
    (sound, sound_ends), (picture, picture_ends) = FILMS[name]
    suffix = name.rpartition(".")[2]
    codecs = _CODECS.get(suffix, ("libx264", "aac"))
    noise = f"anoisesrc=duration={sound_ends - sound}:amplitude=0.3:seed=1:sample_rate=48000"
    moving = f"testsrc2=duration={picture_ends - picture}:size=64x48:rate=10"
    inputs = ("-itsoffset", sound, "-f", "lavfi", "-i", noise, "-itsoffset", picture, "-f", "lavfi", "-i", moving)
    container = ("-f", "vob") if suffix == "vob" else ()
    path, first = folder / name, folder / f"first.{'mkv' if suffix == 'mp4' else suffix}"
    ffmpeg(*inputs, "-map", 1, "-map", 0, "-c:v", codecs[0], "-g", 10, "-c:a", codecs[1], *container, first)
    if suffix == "mp4":
        ffmpeg("-i", first, "-map", 0, "-c", "copy", path)
        first.unlink()
    else:
        first.replace(path)
    return path


def _json(path: Path) -> Any:
    return json.loads(path.read_bytes())


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("name", FILMS)
def test_a_film_of_which_one_stream_begins_long_behind_the_other_is_proved(name: str, tmp_path: Path) -> None:
    film = _made(name, tmp_path)
    job = support.make_job(tmp_path)
    demux, _ = clock_matrix.extracted(job, film)
    probe = _json(demux.parent / "probe.json")
    joined = name == "sound-over.ts"
    (sound, sound_ends), (picture, picture_ends) = FILMS[name]
    if joined:
        picture_ends -= picture - sound_ends
    assert probe["duration_ms"] == pytest.approx(1000 * max(sound_ends, picture_ends), abs=150)
    began = {span["kind"]: span["start_ms"] for span in probe["clock"]["spans"]}
    assert began["audio"] == pytest.approx(1000 * sound, abs=100)
    # ffmpeg's writer of DVDs begins its pictures at once, whatever it is told.
    assert began["video"] == pytest.approx(1000 * (sound_ends if joined else picture), abs=100)
    result = clock_matrix.muxed(job, demux, clock_matrix.given(job, [Cue(500, 1400, ("said",))]))
    proof = _json(result.parent / "proof.json")
    assert proof["unproved"] == []
    for stream in proof["streams"]:
        assert stream["places"], stream
        assert all(abs(place["shift_ms"]) < 6 for place in stream["places"]), stream
    assert all(stream["whole"] for stream in proof["streams"][1:2]), "the film's sound, from end to end"


def test_only_films_of_which_nothing_is_known_at_first_are_looked_at_further(tmp_path: Path) -> None:
    late, plain = _made("picture-late.ts", tmp_path), tmp_path / "plain.ts"
    ffmpeg("-ss", 12, "-i", late, "-t", 2, "-f", "lavfi", "-i", "sine=duration=2", "-map", "1", plain)
    header = film_headers.read(late)
    assert all(stream.is_known for stream in header.streams) and header.film_picture is not None
    assert late_streams.options(late)
    assert [stream.kind for stream in film_headers.read(plain).streams] == ["audio"]
    assert not late_streams.options(plain), "there is no more in it: nothing is searched in vain each time"


def test_headers_with_packets_tell_no_more_than_a_command_knows_as_it_begins(tmp_path: Path) -> None:
    film = _made("sound-late.vob", tmp_path)
    header, packets = film_headers.read_with_packets(film, film_packets.BEGINNING_SECONDS)
    assert late_streams.options(film), "its sound is not known at first"
    assert header == film_headers.read(film)
    assert {packet.stream for packet in packets} <= {stream.index for stream in header.streams}
