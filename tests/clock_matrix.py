"""Films of every kind, from the first stage to the last: containers, codecs, starts and edit lists.

Each film goes through stage 01 and stage 10 as they are. What would be recognised is known: a chirp. Its cue is put
where stage 01's sound has it, and in the result the cue, the chirp and the flash that belongs to it come together.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import clock_films
import extract_audio
import mux_subtitles
import support
from clock_films import MOMENTS, Recipe
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio
from samvad.media.ffprobe import read_header

#: How far apart in a result two may come that belong together.
APART_SECONDS = 0.040

#: Codecs of sound by container, with the picture that goes with them.
PAIRS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "mp4": (("h264", ("aac",)),),
    "mov": (("h264", ("aac", "pcm_s16be", "pcm_s24le", "pcm_s24be")),),
    "mkv": (("h264", ("aac", "ac3", "eac3", "dca")),),
    "avi": (("mpeg4", ("mp3", "ac3", "pcm_s16le")),),
    "ts": (("h264", ("aac",)),),
    "flv": (("h264", ("aac",)),),
}
#: What cannot start late without a trick of its own: these containers fill up what comes before, or refuse it.
_FROM_ZERO = frozenset({"mxf", "avi"})
#: What a player would not know the clock of.
_WITHOUT_CLOCK = frozenset({"mxf", "avi", "mp4", "mov", "3gp", "flv", "wmv", "ogv"})


def recipes(*suffixes: str) -> list[Recipe]:
    """Return films in some containers: each codec from zero and late, some also on another clock."""
    made = []
    for suffix in suffixes:
        for picture, sounds in PAIRS[suffix]:
            for number, sound in enumerate(sounds):
                made.append(Recipe(suffix, picture, sound))
                if suffix not in _FROM_ZERO:
                    made.append(Recipe(suffix, picture, sound, sound_late=0.4))
                if suffix in ("mov", "ts") and number == 0:
                    made.append(Recipe(suffix, picture, sound, picture_late=0.6))
                if suffix not in _WITHOUT_CLOCK and number == 0:
                    made.append(Recipe(suffix, picture, sound, sound_late=0.4, clock=10))
    return made


def extracted(job: Path, film: Path) -> tuple[Path, FilmAudio]:
    """Run stage 01; return its manifest and its sound."""
    options = ["--job-folder", job, "--film", "test", f"--media={film}", "--shots=false", "--proxy-height=0"]
    assert extract_audio.main([str(option) for option in options]) == 0
    return job / "01_demux" / "manifest.json", FilmAudio(job / "01_demux" / "audio.wav")


def muxed(job: Path, demux: Path, cues: list[Cue], container: str = "mkv") -> Path:
    """Write the film with these cues by stage 10."""
    body = formats.write("srt", cues, "en").encode()
    listed = [{"language": "en", "translated": True, "cues": len(cues), "files": {"srt": "test.en.srt"}}]
    tracks = json.dumps({"schema_version": "1.0", "tracks": listed}).encode()
    outputs = {"srt_en": ("test.en.srt", body), "tracks": ("tracks.json", tracks)}
    manifest = support.finished_stage(job, "subtitle_gen", outputs)
    options = ["--job-folder", job, "--film", "test", "--demux", demux, "--subtitle-gen", manifest, "--languages", "en"]
    assert mux_subtitles.main([str(option) for option in [*options, "--container", container]]) == 0
    return job / "10_mux" / f"test.{container}"


def check(recipe: Recipe, folder: Path, pieces: Path) -> None:
    """Take a film through stages 01 and 10; in the result, cue, chirp and flash come together.

    Args:
        recipe: the film.
        folder: where it and its job are to lie.
        pieces: where encoded pictures and sounds lie, for all films.
    """
    film = clock_films.make(recipe, folder, pieces)
    job = support.make_job(folder)
    demux, audio = extracted(job, film)
    heard = clock_films.chirps(np.asarray(audio[:]), SAMPLE_RATE_HZ)
    start = min(recipe.picture_late, recipe.sound_late)
    for moment, at in zip(MOMENTS, heard, strict=True):
        if recipe.cut and moment + recipe.sound_late < recipe.cut:
            continue
        assert at == pytest.approx(moment + recipe.sound_late - start - recipe.cut, abs=APART_SECONDS)
    cues = [Cue(round(at * 1000), round(at * 1000) + 500, (f"chirp {place}",)) for place, at in enumerate(heard) if at]
    assert cues
    result = muxed(job, demux, cues)
    found = clock_films.events(result)
    assert read_header(result).start_seconds == pytest.approx(0, abs=0.002)
    for cue in cues:
        number = int(cue.lines[0].removeprefix("chirp "))
        at = found.chirps[number]
        assert at == pytest.approx(cue.start_ms / 1000, abs=APART_SECONDS)
        seen = at - recipe.sound_late + recipe.picture_late
        assert min(found.flashes, key=lambda time: abs(time - seen)) == pytest.approx(seen, abs=APART_SECONDS)
