"""Corrections by people: kept beside a job's stages, obeyed by every later run, and paired with what they correct.

``<job>/corrections/<language>.srt`` is the track as a person left it: stage 09 takes it in place of its own.
``<job>/corrections/<language>.tsv`` pairs it with what was said and what the machine had written, for a translation
memory to learn from.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from samvad.core import files
from samvad.core.errors import MediaError
from samvad.core.times import clock
from samvad.documents.machine_cues import Origin
from samvad.documents.segments import Segment
from samvad.documents.subtitles import formats, styled
from samvad.documents.subtitles.cues import Cue
from samvad.documents.subtitles.reading import LOST, MENDED, Note, Reading

FOLDER = "corrections"
COLUMNS = (
    "how",
    "start_ms",
    "end_ms",
    "segments",
    "source_language",
    "source_text",
    "language",
    "machine_text",
    "corrected_text",
)


@dataclass(frozen=True)
class Pair:
    """Cues of the machine's track and of the corrected one that are shown at the same time.

    Attributes:
        how: ``same``; ``times`` (only they differ, or the lines' ends); ``text``; ``added``; ``deleted``.
        machine: numbers of the machine's cues, from 0.
        corrected: numbers of the corrected cues, from 0.
    """

    how: str
    machine: tuple[int, ...]
    corrected: tuple[int, ...]


def path_of(job_folder: Path, language: str) -> Path:
    """Return where the corrected track of a language is kept."""
    return job_folder / FOLDER / f"{language}.srt"


def load(job_folder: Path, language: str, film_ms: int) -> tuple[list[Cue], list[Note]] | None:
    """Return the corrected track of a language in order of time, and what was mended in it; None where there is none.

    Args:
        job_folder: the film's job.
        language: short code.
        film_ms: how long the film is.

    Raises:
        MediaError: the file is broken, or cannot be shown as it stands.
    """
    path = path_of(job_folder, language)
    return whole(path, formats.read(path, language=language), film_ms) if path.is_file() else None


def whole(path: Path, reading: Reading, film_ms: int) -> tuple[list[Cue], list[Note]]:
    """Return all cues of an edited file in order of time, and notes on what had to be mended for that.

    A cue that goes after the film's end goes with it: the film would last longer otherwise.

    Args:
        path: the file, for messages.
        reading: what was read in it.
        film_ms: how long the film is.

    Raises:
        MediaError: text would be lost; all such places are named.
    """
    shown = [cue for cue in reading.cues if cue.text.strip()]
    late = [
        Note(cue.file_line, LOST, f"it comes after the film's end, at {clock(film_ms)}", cue.text)
        for cue in shown
        if cue.start_ms >= film_ms
    ]
    lost = sorted([*reading.lost, *late], key=lambda note: note.line)
    if lost:
        places = "\n".join(note.said() for note in lost[:_MOST_SHOWN])
        more = f"\n… and {len(lost) - _MOST_SHOWN} more" if len(lost) > _MOST_SHOWN else ""
        raise MediaError(
            f"{path} cannot be shown as it stands:\n{places}{more}.",
            "Correct these places, or delete them, in an editor.",
            path=str(path),
        )
    mended = [note for note in reading.notes if note.kind == MENDED]
    cues = []
    for cue in sorted(shown, key=lambda cue: (cue.start_ms, cue.end_ms)):
        if cue.end_ms > film_ms:
            mended.append(Note(cue.file_line, MENDED, "it goes after the film's end: taken to go with it", cue.text))
        if cue.ruby:
            why = "corrections are kept as SubRip, which has no ruby: readings stand in parentheses behind their bases"
            mended.append(Note(cue.file_line, MENDED, why, cue.text))
        cues.append(styled.with_readings_in_line(replace(cue, end_ms=min(cue.end_ms, film_ms))))
    return cues, mended


#: How many places a message names.
_MOST_SHOWN = 20


def keep(job_folder: Path, language: str, cues: Sequence[Cue], pairs: str) -> None:
    """Write the corrected track of a language and its pairs, in place of older ones."""
    text = formats.write("srt", cues)
    files.write_text(path_of(job_folder, language).with_suffix(".tsv"), pairs)
    files.write_text(path_of(job_folder, language), text)


def pair(machine: Sequence[Cue], corrected: Sequence[Cue]) -> list[Pair]:
    """Pair the cues of two tracks in order of time: those that are shown at the same time belong together."""
    pairs = []
    for ours, theirs in _groups(machine, corrected):
        before, after = [machine[number] for number in ours], [corrected[number] for number in theirs]
        if not ours or not theirs:
            how = "added" if theirs else "deleted"
        elif _text(before) != _text(after):
            how = "text"
        else:
            how = "same" if before == after else "times"
        pairs.append(Pair(how, ours, theirs))
    return pairs


def table(
    pairs: Sequence[Pair],
    language: str,
    machine: Sequence[Cue],
    corrected: Sequence[Cue],
    origins: Sequence[Origin],
    segments: Mapping[int, Segment],
) -> str:
    """Return the pairs as tab-separated text with a header.

    Args:
        pairs: from ``pair``.
        language: of both tracks.
        machine: what Samvad made.
        corrected: what a person made of it.
        origins: where each of the machine's cues comes from.
        segments: the film's segments by number.
    """
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(COLUMNS)
    for item in pairs:
        ids = list(dict.fromkeys(number for cue in item.machine for number in origins[cue].segments))
        said = [segments[number] for number in ids if number in segments]
        shown = [corrected[number] for number in item.corrected] or [machine[number] for number in item.machine]
        writer.writerow(
            [
                item.how,
                shown[0].start_ms,
                shown[-1].end_ms,
                " ".join(map(str, ids)),
                said[0].language if said else "",
                " ".join(segment.text for segment in said),
                language,
                _text([machine[number] for number in item.machine]),
                _text([corrected[number] for number in item.corrected]),
            ]
        )
    return out.getvalue()


def origins_of(corrected: Sequence[Cue], machine: Sequence[Cue], origins: Sequence[Origin]) -> list[Origin | None]:
    """Return for each corrected cue where it comes from; None for one that a person added."""
    found: list[Origin | None] = [None] * len(corrected)
    for ours, theirs in _groups(machine, corrected):
        if not ours:
            continue
        together = [origins[number] for number in ours]
        joined = Origin(
            said_from_ms=min(origin.said_from_ms for origin in together),
            said_to_ms=max(origin.said_to_ms for origin in together),
            segments=tuple(dict.fromkeys(number for origin in together for number in origin.segments)),
            heard=False,
        )
        for number in theirs:
            found[number] = joined
    return found


def _groups(machine: Sequence[Cue], corrected: Sequence[Cue]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield the numbers of cues that overlap by half of the shorter one, directly or through others."""
    marked = sorted(
        [(cue.start_ms, cue.end_ms, 0, number) for number, cue in enumerate(machine)]
        + [(cue.start_ms, cue.end_ms, 1, number) for number, cue in enumerate(corrected)]
    )
    group: list[tuple[int, int, int, int]] = []
    for item in marked:
        if group and not any(_together(item, other) for other in group):
            yield _split(group)
            group = []
        group.append(item)
    if group:
        yield _split(group)


def _together(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    shared_ms = min(one[1], other[1]) - max(one[0], other[0])
    return one[2] != other[2] and 2 * shared_ms >= min(one[1] - one[0], other[1] - other[0]) > 0


def _split(group: Sequence[tuple[int, int, int, int]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(item[3] for item in group if item[2] == 0), tuple(item[3] for item in group if item[2] == 1)


def _text(cues: Sequence[Cue]) -> str:
    return " ".join(cue.text for cue in cues)
