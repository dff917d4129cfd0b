"""Films of every kind, from the first stage to the last: containers, codecs, starts and edit lists.

Each film goes through stages 01, 09 and 10 as they are. What would be recognised is known: a chirp, where stage 01's
sound has it. Stage 09 finds the shot changes and writes the cues, and in the result the cue, the chirp and the flash
that belongs to it come together.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

import numpy as np
import pytest

import clock_films
import extract_audio
import mux_subtitles
import support
import write_subtitles
from clock_films import Events, Recipe
from samvad.core import typed_json
from samvad.documents.segments import Segment, SegmentsDocument, Word
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio

#: How far apart in a result two may come that belong together.
APART_SECONDS = 0.040
#: Of a trimmed film, what comes before its first key picture is encoded anew: less than a second, by this codec.
_SECOND_BETWEEN_KEYS, _PICTURES_A_SECOND = "h264", 25
#: Films that become MP4: an edit list is kept, sound becomes FLAC.
_INTO_MP4 = frozenset({"mp4-hevc-aac-v0.6", "mp4-h264-aac-cut0.5", "mov-h264-pcm_s24be"})
_PRIMING_MS = 30
#: A flash in so much of a film's beginning may be its first picture, which is no change of shots.
_FIRST_SECONDS = 0.1
#: What the chirps say.
_SAID = ("Here it begins.", "There it ends.")
#: How near ffmpeg's own muxers keep to what a recipe asks: VOB and MP2 are up to two frames off.
MADE_SECONDS = 0.085


class Times(TypedDict, total=False):
    """When a film's streams start, as a recipe has it."""

    picture_late: float
    sound_late: float
    cut: float
    clock: float


#: Codecs by container: of its picture, and of the sounds that go with it. Those that are joined by ``+`` are of one
#: film, such as go the same way: what mkvmerge reads by itself, what ffmpeg has to copy first.
PAIRS: dict[str, tuple[tuple[str, str], ...]] = {
    "mp4": (
        ("h264", "aac"),
        ("hevc", "aac+ac3+eac3"),
        ("h264-long", "ac3"),
        ("av1", "opus"),
        ("vp9", "opus"),
        ("mpeg4", "mp3+dca alac+flac"),
    ),
    "mov": (
        ("h264", "pcm_s24be aac pcm_s16be+pcm_s24le"),
        ("prores", "pcm_s16le pcm_f32le+pcm_s8+pcm_mulaw+alac+pcm_s32le"),
        ("mjpeg", "pcm_u8"),
    ),
    "mkv": (
        ("hevc", "opus flac+mp3+pcm_s24le+vorbis+mp2 truehd+alac+wmav2"),
        ("h264", "aac ac3+eac3+dca"),
        ("mpeg2", "ac3"),
        ("vp9", "opus"),
        ("av1", "aac"),
        ("ffv1", "flac"),
        ("theora", "vorbis"),
    ),
    "webm": (("vp9", "opus+vorbis"), ("vp8", "vorbis"), ("av1", "opus")),
    "3gp": (("h263", "aac"), ("h264", "aac")),
    "avi": (
        ("mpeg4", "mp3 ac3+pcm_s16le+mp2 wmav2+aac+pcm_mulaw"),
        ("h264", "ac3"),
        ("mjpeg", "pcm_u8"),
        ("msmpeg4", "mp3"),
        ("mpeg4-b", "mp3"),
    ),
    "ts": (("h264", "aac"), ("hevc", "aac+ac3+eac3"), ("mpeg2", "mp2")),
    "m2ts": (("h264", "ac3+eac3+dca+aac pcm_bluray truehd"),),
    "vob": (("mpeg2", "ac3+mp2 pcm_dvd"),),
    "mpg": (("mpeg1", "mp2"),),
    "mxf": (("mpeg2", "pcm_s16le+pcm_s24le"),),
    "wmv": (("wmv2", "wmav2+mp3"),),
    "ogv": (("theora", "vorbis+flac opus"),),
    "flv": (("h264", "aac"), ("flv1", "mp3 nellymoser")),
}
_FROM_ZERO: Times = {}
_SOUND_LATE: Times = {"sound_late": 0.4}
_PICTURE_LATE: Times = {"picture_late": 0.6}
_ANY_START = (_FROM_ZERO, _SOUND_LATE, _PICTURE_LATE)
#: MPEG-TS counts 26.5 hours and begins anew: here, in the second second.
_ANEW: Times = {"clock": 95442}
_OTHER_CLOCK: Times = {"sound_late": 0.4, "clock": 10}
#: These fill up what comes before a late stream, or refuse it.
_WITHOUT_STARTS = frozenset({"mxf", "avi"})
_WITH_CLOCK = frozenset({"mkv", "webm", "ts", "m2ts", "vob", "mpg"})
_WITH_EDIT_LISTS = frozenset({"mp4", "mov", "3gp"})
#: Other films than one that ffmpeg writes by itself: which containers, which shapes.
_SHAPES: tuple[tuple[str, str], ...] = (
    ("mp4 mov", "no-edit-list fragments old-fragments negative-offsets faststart"),
    ("mkv", "below-zero lacing-index live"),
    ("webm", "live"),
)
_FLAGS: tuple[tuple[str, str], ...] = (
    ("mp4 mov mkv", "no-default forced sound-first cover thumbnail"),
    ("mp4 mov mkv", "commentary described"),
    ("ts", "no-default described sound-first"),
)
#: A cut by an edit list within the first group of pictures, within the second, and where one stream comes late.
_CUTS: tuple[Times, ...] = (
    {"cut": 0.5},
    {"cut": 1.5},
    {"cut": 1.5, "sound_late": 0.4},
    {"cut": 0.5, "picture_late": 0.6},
)


def every() -> list[Recipe]:
    """Return all films: containers and codecs by starts, by edit lists, by shapes and by flags."""
    made: dict[Recipe, None] = {}
    for suffix, pairs in PAIRS.items():
        for picture, sounds in pairs:
            for number, sound in enumerate(sounds.split()):
                made |= dict.fromkeys(Recipe(suffix, picture, sound, **times) for times in _starts(suffix, number))
                if suffix in _WITH_EDIT_LISTS and number == 0:
                    made |= dict.fromkeys(Recipe(suffix, picture, sound, **times) for times in _CUTS)
        picture, sound = pairs[0][0], pairs[0][1].split()[0]
        if suffix == "ts":
            made[Recipe(suffix, picture, sound, **_ANEW)] = None
        for shape in _listed(_SHAPES, suffix):
            # Without an edit list, QuickTime has no way to say that its sound comes late.
            starts = (_FROM_ZERO,) if (suffix, shape) == ("mov", "no-edit-list") else _ANY_START
            for times in starts:
                made[Recipe(suffix, picture, sound, shape=shape, **times)] = None
        for flags in _listed(_FLAGS, suffix):
            can_be_cut = suffix in _WITH_EDIT_LISTS and flags != "thumbnail"  # nothing of one picture would be left
            for times in (_FROM_ZERO, _SOUND_LATE, *(_CUTS[1:2] if can_be_cut else ())):
                made[Recipe(suffix, picture, sound, flags=flags, **times)] = None
    return list(made)


def _starts(suffix: str, number: int) -> list[Times]:
    if suffix in _WITHOUT_STARTS:
        return [_FROM_ZERO]
    first = [_PICTURE_LATE, *([_OTHER_CLOCK] if suffix in _WITH_CLOCK else [])] if number == 0 else []
    return [_FROM_ZERO, _SOUND_LATE, *first]


def _listed(table: tuple[tuple[str, str], ...], suffix: str) -> list[str]:
    return [name for suffixes, names in table if suffix in suffixes.split() for name in names.split()]


@functools.cache
def chosen() -> list[Recipe]:
    """Return a part of all films in which every two of their features that go together do so at least once."""
    left, taken = every(), []
    missing = set().union(*map(pairs, left))
    while missing:
        best = max(left, key=lambda recipe: (len(missing & pairs(recipe)), bool(recipe.sound_late or recipe.cut)))
        missing -= pairs(best)
        taken.append(best)
    return [recipe for recipe in left if recipe in taken]


def pairs(recipe: Recipe) -> frozenset[tuple[str, str]]:
    """Return the pairs of a film's features; codecs are paired with their container and with late starts only."""
    late = "".join(name for name, time in (("v", recipe.picture_late), ("a", recipe.sound_late)) if time) or "zero"
    other = (f"cut{recipe.cut:g}", f"clock{recipe.clock:g}", f"shape {recipe.shape}", f"flags {recipe.flags}")
    beside = [name for name in other if not name.endswith(("cut0", "clock0", " "))]
    sounds = recipe.sound.split("+")
    both = [(recipe.suffix, name) for name in (recipe.picture, *sounds, late, *beside)]
    heard = [(sound, "late" if recipe.sound_late else "zero") for sound in sounds]
    return frozenset([*both, *heard, *((late, name) for name in beside)])


def alone() -> list[Recipe]:
    """Return all films with each of their sounds by itself."""
    return [replace(recipe, sound=sound) for recipe in every() for sound in recipe.sound.split("+")]


def recipes(*suffixes: str) -> list[Recipe]:
    """Return the films in some containers that are to be tried.

    Those of ``clock_choice.txt``; ``SAMVAD_CLOCK=pairs`` takes all that ``chosen`` gives, ``SAMVAD_CLOCK=all`` every
    one, ``SAMVAD_CLOCK=alone`` every one with each of its sounds by itself.
    """
    asked = os.environ.get("SAMVAD_CLOCK")
    films = {"pairs": chosen, "alone": alone}.get(asked or "", every)()
    if not asked:
        films = [recipe for recipe in films if str(recipe) in choice()]
    return [recipe for recipe in films if recipe.suffix in suffixes]


@functools.cache
def choice() -> frozenset[str]:
    """Return the names of the films that are tried when nobody asks for others."""
    return frozenset(Path(__file__).with_name("clock_choice.txt").read_text("utf-8").split())


def extracted(job: Path, film: Path) -> tuple[Path, FilmAudio]:
    """Run stage 01; return its manifest and its sound."""
    options = ["--job-folder", job, "--film", "test", f"--media={film}"]
    assert extract_audio.main([str(option) for option in options]) == 0
    return job / "01_demux" / "manifest.json", FilmAudio(job / "01_demux" / "audio.wav")


def subtitled(job: Path, demux: Path, moments: Mapping[str, float]) -> tuple[Path, list[Cue], list[int]]:
    """Write the subtitles of what is said at some moments by stage 09; the rules of cues move none to a shot change.

    Returns:
        The stage's manifest, the cues of its file, and the shot changes that it found, in ms.
    """
    said = sorted((round(at * 1000), text) for text, at in moments.items())
    segments = tuple(
        Segment(number, begin_ms, begin_ms + 500, text, "en", (Word(begin_ms, begin_ms + 500, text, 0.9),))
        for number, (begin_ms, text) in enumerate(said, start=1)
    )
    length_ms = json.loads((demux.parent / "probe.json").read_bytes())["duration_ms"]
    document = json.dumps(typed_json.plain(SegmentsDocument("en", length_ms, segments))).encode()
    asr = support.finished_stage(job, "asr", {"segments": ("segments.json", document)})
    profile = job / "profile.yaml"
    rules = "  shot_window_seconds: {value: 0, source: test}\n  early_in_seconds: {value: 0, source: test}\n"
    profile.write_text(f"title: Test\nextends: netflix\nrules:\n{rules}", encoding="utf-8")
    options = ["--job-folder", job, "--film", "test", "--demux", demux, "--asr", asr, "--segments", asr]
    options += ["--languages", "en", "--formats", "srt", "--profile", profile]
    assert write_subtitles.main([str(option) for option in options]) == 0
    folder = job / "09_subtitle_gen"
    cuts_ms = json.loads((folder / "shots.json").read_bytes())["cuts_ms"]
    return folder / "manifest.json", list(formats.read(folder / "test.en.srt").cues), cuts_ms


def given(job: Path, cues: list[Cue]) -> Path:
    """Return the manifest of a stage 09 that wrote just these cues."""
    body = formats.write("srt", cues, "en").encode()
    listed = [{"language": "en", "translated": True, "cues": len(cues), "files": {"srt": "test.en.srt"}}]
    tracks = json.dumps({"schema_version": "1.0", "tracks": listed}).encode()
    outputs = {"srt_en": ("test.en.srt", body), "tracks": ("tracks.json", tracks)}
    return support.finished_stage(job, "subtitle_gen", outputs)


def muxed(job: Path, demux: Path, subtitles: Path, container: str = "mkv") -> Path:
    """Write the film with a stage 09's subtitles by stage 10."""
    options = ["--job-folder", job, "--film", "test", "--demux", demux, "--subtitle-gen", subtitles]
    options += ["--languages", "en", "--container", container]
    assert mux_subtitles.main([str(option) for option in options]) == 0
    return job / "10_mux" / f"test.{container}"


def check(recipe: Recipe, folder: Path, pieces: Path) -> None:
    """Take a film through stages 01, 09 and 10; in the result, cue, chirp and flash come together.

    Args:
        recipe: the film.
        folder: where it and its job are to lie.
        pieces: where encoded pictures and sounds lie, for all films.
    """
    film = clock_films.make(recipe, folder, pieces)
    container = "mp4" if str(recipe) in _INTO_MP4 else "mkv"
    sooner = recipe.sound_late - recipe.picture_late
    stills = recipe.flags in ("thumbnail", "cover")
    truth, found = follow(film, folder, sooner, recipe.sound_tracks, container, stills=stills)
    if recipe.picture == _SECOND_BETWEEN_KEYS:
        assert len(truth.pictures - found.pictures) < (_PICTURES_A_SECOND if recipe.cut else 1)


def follow(
    film: Path,
    folder: Path,
    sooner: float = 0.0,
    sound_tracks: Sequence[int] = (0,),
    container: str = "mkv",
    *,
    stills: bool = False,
    searched_from: float = _FIRST_SECONDS,
) -> tuple[Events, Events]:
    """Take a film through stages 01, 09 and 10; in the result, cue, chirp and flash come together.

    Args:
        film: the film.
        folder: where its job is to lie.
        sooner: how many seconds a flash comes before its chirp.
        sound_tracks: which of its sounds have the chirps.
        container: of the result.
        stills: whether it has pictures that do not move.
        searched_from: from when on (s) its shot changes are known.

    Returns:
        What ffmpeg alone finds in the film, and in the result.
    """
    truth = clock_films.events(film, sound_tracks, clock_films.moving_picture(film) if stills else None)
    job = support.make_job(folder)
    demux, audio = extracted(job, film)
    heard = clock_films.chirps(np.asarray(audio[:]))
    for at, said in zip(heard, truth.chirps[0], strict=True):
        assert (at is None) == (said is None)
        assert at is None or at == pytest.approx(said, abs=APART_SECONDS)
    moments = {text: at for text, at in zip(_SAID, heard, strict=True) if at is not None}
    assert moments
    subtitles, cues, cuts_ms = subtitled(job, demux, moments)
    assert [cue.start_ms / 1000 for cue in cues] == pytest.approx(sorted(moments.values()), abs=0.001)
    for flash in truth.flashes:
        assert flash < searched_from or cuts_ms
        assert flash < searched_from or min(abs(cut / 1000 - flash) for cut in cuts_ms) <= APART_SECONDS
    result = muxed(job, demux, subtitles, container)
    found = clock_films.events(result, sound_tracks, clock_films.moving_picture(result) if stills else None)
    # Opus begins with priming that nobody hears: its packets may come before time zero, what is shown may not.
    manifest = json.loads((result.parent / "manifest.json").read_bytes())
    (start_ms,) = [item["media"]["start_ms"] for item in manifest["outputs"] if item["path"].endswith(result.name)]
    # Where priming is only told by MP4's edit list, mkvmerge lets the first packet begin up to 7 ms after zero; that of
    # a DVD's uncompressed sound, 10.
    assert -_PRIMING_MS <= start_ms <= 10
    for cue in cues:
        number = _SAID.index(cue.lines[0])
        first = truth.chirps[0][number]
        assert first is not None
        for chirps, said_in in zip(found.chirps, truth.chirps, strict=True):
            at, said = chirps[number], said_in[number]
            assert at is not None
            assert said is not None
            assert at == pytest.approx(cue.start_ms / 1000 + said - first, abs=APART_SECONDS)
            shown = min(truth.flashes, key=lambda time: abs(time - (said - sooner)))
            assert said - shown == pytest.approx(sooner, abs=MADE_SECONDS)
            seen = at - (said - shown)
            assert min(found.flashes, key=lambda time: abs(time - seen)) == pytest.approx(seen, abs=APART_SECONDS)
    return truth, found


def check_speech(film: Path, folder: Path) -> None:
    """Take a film with speech through stages 01, 09 and 10: cue, speech and pictures are where ffmpeg alone has them.

    Args:
        film: the film; its pictures change from one to the next.
        folder: where its job is to lie.
    """
    job = support.make_job(folder)
    demux, audio = extracted(job, film)
    track = json.loads((demux.parent / "probe.json").read_bytes())["chosen_audio_track"]
    truth = clock_films.speech(film, track)
    samples = np.asarray(audio[:])
    heard = clock_films.onset(samples, SAMPLE_RATE_HZ)
    assert heard == pytest.approx(truth.onset, abs=APART_SECONDS)
    subtitles, (cue,), _ = subtitled(job, demux, {"Speech": heard})
    assert cue.start_ms / 1000 == pytest.approx(heard, abs=0.001)
    result = muxed(job, demux, subtitles)
    found = clock_films.speech(result, track)
    assert found.onset == pytest.approx(heard, abs=APART_SECONDS)
    shift = clock_films.shift_of_pictures(truth.pictures, found.pictures)
    assert shift == pytest.approx(0, abs=APART_SECONDS)
