"""Pictures of subtitles read by tesseract: those of a Blu-ray (PGS), a DVD (VobSub) and of television (DVB).

ffmpeg draws each as it would be shown, on black, by itself alone; tesseract reads light letters that are made dark ones
on white, and says of each word how sure it is.
"""

from __future__ import annotations

import csv
import os
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from samvad.core import subprocesses
from samvad.core.errors import ToolError
from samvad.documents.existing_subtitles import ExistingCue
from samvad.media import ffmpeg
from samvad.text import languages

_PROGRAM = "tesseract"
#: Names of tesseract's packs that are not ISO 639-2/T.
_PACKS = {"zh": "chi_sim", "no": "nor", "nb": "nor", "sr": "srp", "fil": "fil"}
#: A word that tesseract is less sure of than this, 0 to 100, is noise of the picture.
_NOISE = 10
#: Pictures that are shown for less than this, in ms, are none: what remains when one takes another's place.
_SHORTEST_MS = 80
#: A picture that nothing takes away is shown for so long, in ms.
_LONGEST_MS = 10_000
#: tesseract's columns: level, page, block, paragraph, line, word, left, top, width, height, sureness, text.
_COLUMNS = 12
_OR = ", or set demux.ocr to false."
#: Letters of so many pixels are what tesseract reads best: pictures of a DVD are made larger.
_HIGH_ENOUGH, _LARGER = 720, 3


@dataclass(frozen=True)
class _Picture:
    start_ms: int
    end_ms: int
    path: Path


def pack(language: str) -> str:
    """Return tesseract's name of a language: ``hi`` gives ``hin``."""
    return _PACKS.get(language) or languages.iso_639_2(language)


def lacking(spoken: Sequence[str]) -> str:
    """Return what is missing for OCR of languages, and what to do, in two sentences; empty where nothing is.

    Args:
        spoken: short codes.
    """
    try:
        said = subprocesses.ask([_PROGRAM, "--list-langs"])
    except ToolError:
        return f"tesseract is not installed, which reads pictures of subtitles. Install it (Debian: tesseract-ocr){_OR}"
    there = set(said.split())
    missing = [code for code in spoken if pack(code) not in there]
    if not missing:
        return ""
    packs = ", ".join(pack(code) for code in missing)
    debian = " ".join(f"tesseract-ocr-{pack(code).replace('_', '-')}" for code in missing)
    names = ", ".join(map(languages.name, missing))
    return f"tesseract has no data for {names} ({packs}). Install it (Debian: {debian}){_OR}"


def read(
    pictures: ffmpeg.Stream, language: str, height: int | None, folder: Path, shown: str, *, as_it_is: bool = False
) -> list[ExistingCue]:
    """Return what pictures of subtitles say.

    Args:
        pictures: the subtitles' stream, on the film's clock.
        language: short code.
        height: of the picture that they are drawn for, in pixels; None where nobody says.
        folder: an empty one, for the pictures.
        shown: what is read, for messages.
        as_it_is: whether times count as they stand, and not from the first one.

    Raises:
        ToolError: ffmpeg or tesseract is missing or fails, or tesseract has no data for the language.
    """
    if missing := lacking([language]):
        what, _, remedy = missing.partition(". ")
        raise ToolError(f"{what}.", remedy)
    found = _drawn(pictures, height, folder, shown, {"copyts": None} if as_it_is else {})
    if not found:
        return []
    names = folder / "pictures.txt"
    names.write_text("".join(f"{picture.path}\n" for picture in found), "utf-8")
    target = folder / "read"
    # --psm 6: a block of text of one size. One thread: more of them make tesseract slower, and others of the machine.
    alone = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    done = subprocesses.run([_PROGRAM, names, target, "-l", pack(language), "--psm", "6", "tsv"], environment=alone)
    if done.code:
        raise ToolError(f"tesseract could not read {shown} (exit code {done.code}): {done.last_line}.", "")
    return _cues(found, target.with_suffix(".tsv"))


def _drawn(
    pictures: ffmpeg.Stream, height: int | None, folder: Path, shown: str, of_times: ffmpeg.Options
) -> list[_Picture]:
    """Draw each picture as dark letters on white; return those with something on them, with their times."""
    scale = _LARGER if height is not None and height < _HIGH_ENOUGH else 1
    drawn = pictures.filter("format", "gbrap").filter("premultiply", inplace=1).filter("format", "gray")
    drawn = drawn.filter("negate")
    if scale > 1:
        drawn = drawn.filter("scale", f"iw*{scale}", f"ih*{scale}", flags="bicubic")
    # White all around: letters at the very edge of a picture are not read.
    drawn = drawn.filter("pad", "iw+40", "ih+40", 20, 20, color="white")
    options: ffmpeg.Options = {"f": "image2", "frame_pts": 1, "enc_time_base": "1/1000", "fps_mode": "passthrough"}
    # A sign of per cent in the folder's own name would be one of ffmpeg's patterns.
    target = Path(str(folder).replace("%", "%%"), "%d.png")
    done = ffmpeg.run([drawn], target, options, global_options=of_times)
    if done.code:
        raise ToolError(
            f"ffmpeg cannot draw {shown} (exit code {done.code}): {done.last_line}.", "", stderr_tail=done.tail
        )
    times = sorted((int(path.stem), path) for path in folder.glob("*.png") if re.fullmatch("[0-9]+", path.stem))
    ends = [time for time, _ in times[1:]] + ([times[-1][0] + _LONGEST_MS] if times else [])
    return [
        _Picture(start, min(end, start + _LONGEST_MS), path)
        for (start, path), end in zip(times, ends, strict=True)
        if end - start >= _SHORTEST_MS
    ]


def _cues(pictures: Sequence[_Picture], table: Path) -> list[ExistingCue]:
    """Return what tesseract read, with the sureness of each picture's words, weighed by their letters."""
    lines: dict[int, dict[tuple[str, ...], list[tuple[str, float]]]] = defaultdict(lambda: defaultdict(list))
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if len(row) == _COLUMNS and row[0] == "5" and row[11].strip() and float(row[10]) >= _NOISE:
                lines[int(row[1])][tuple(row[2:5])].append((row[11].strip(), float(row[10])))
    cues: list[ExistingCue] = []
    for number, picture in enumerate(pictures, start=1):
        words = [word for line in lines[number].values() for word in line]
        if not words:
            continue
        letters = sum(len(text) for text, _ in words)
        sure = sum(len(text) * sure for text, sure in words) / letters
        text = "\n".join(" ".join(text for text, _ in line) for line in lines[number].values())
        if cues and cues[-1].text == text and cues[-1].end_ms == picture.start_ms:  # drawn again, unchanged
            cues[-1] = replace(cues[-1], end_ms=picture.end_ms)
        else:
            cues.append(ExistingCue(picture.start_ms, picture.end_ms, text, round(sure, 1)))
    return cues
