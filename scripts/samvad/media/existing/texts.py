"""What subtitles say that a film has already, on the film's clock: a track of it, or a file beside it."""

from __future__ import annotations

from pathlib import Path

from samvad.core.errors import MediaError, ToolError
from samvad.documents.existing_subtitles import ExistingCue
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from samvad.media import ffmpeg
from samvad.media.clock import Film
from samvad.media.existing import ocr
from samvad.media.existing.found import Existing


def read(film: Film, item: Existing, folder: Path) -> list[ExistingCue]:
    """Return the cues of subtitles that a film has, in order of time.

    Args:
        film: the film.
        item: from ``found.look``: text, or pictures with a language.
        folder: an empty one, for pictures.

    Raises:
        MediaError: a file cannot be read, or text of it would be lost.
        ToolError: ffmpeg or tesseract is missing or fails.
    """
    if item.kind == "bitmap":
        picture = film.header.film_picture
        height = picture.picture.height if picture and picture.picture else None
        stream = _stream(film, item) if item.path is None else ffmpeg.source(item.path, f="sup")["s:0"]
        # A file's own first time is the film's, as a rule not 0.
        return ocr.read(stream, item.language or "", height, folder, item.told(), as_it_is=item.path is not None)
    if item.path is not None:
        reading = formats.read(item.path, language=item.language or "")
        if reading.lost:
            raise MediaError(f"{str(item.path)!r}: {reading.lost[0].said()}", "Correct the file.", path=str(item.path))
        return _cues(reading.cues)
    lines: list[str] = []
    options = {"txt_format": "text"} if item.codec == "dvb_teletext" else {}
    done = ffmpeg.run(
        [_stream(film, item, **options)],
        None,
        {"c:s": "subrip", "f": "srt"},
        stdout_line=lines.append,
        read_along=film.read_along,
    )
    if done.code:
        raise ToolError(f"ffmpeg cannot read {item.told()} (exit code {done.code}): {done.last_line}.", "")
    return _cues(formats.parse("\n".join(lines), "srt").cues)


def _stream(film: Film, item: Existing, **options: str) -> ffmpeg.Stream:
    """Return a track, read without the film's pictures and sounds where its clock does not hang on them."""
    passed_over = {} if film.read_along or item.kind == "bitmap" else {"vn": None, "an": None, "dn": None}
    return film.source(**passed_over, **options)[str(item.stream)]


def _cues(cues: tuple[Cue, ...]) -> list[ExistingCue]:
    """Return cues that have words, in order of time."""
    ordered = sorted(cues, key=lambda cue: (cue.start_ms, cue.end_ms))
    return [ExistingCue(cue.start_ms, cue.end_ms, "\n".join(cue.lines)) for cue in ordered if cue.text.strip()]
