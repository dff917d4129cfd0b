"""Bring a subtitle file in time with a film: shifted, at another frame rate, or made for another cut of it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.commands import _parsing
from samvad.core import console, files, places, schemas, subprocesses
from samvad.core.errors import ConfigurationError, MediaError, SamvadError
from samvad.core.times import clock
from samvad.documents.subtitles import file_language, formats
from samvad.documents.subtitles.reading import LEFT, Reading
from samvad.media import addresses
from samvad.media.retiming import retimed
from samvad.media.retiming.retimed import NOT_IN_FILM, OFFERED, VERDICTS, Retimed, Verdict
from samvad.reporting.pages import retimed_page
from samvad.reporting.subtitle_files import heard
from samvad.reporting.subtitle_files.heard import Heard
from samvad.settings import configuration, film_sheet, naming

#: The environment that the command runs in.
ENVIRONMENT = "text"

_EXAMPLES = """examples:
  ./samvad retime film.en.srt --to film.mkv
  ./samvad retime film.en.srt --to "Jaane Bhi Do Yaaro" --output film.new.srt
  ./samvad retime film.en.srt --to film.mkv --source hi      Hindi is spoken: if the film is not known yet

The film's speech is recognised first, where it is not yet. Words are compared where file and film share a language (or
a translation was made), else when cues are shown is compared with when somebody speaks. Words never change. Beside the
new file a page shows the shift, and plays before and after.

Exit codes: 0 the file is in time now, or was before; 1 nothing of it was found in the film; 2 what was asked for is not
possible; 3 the file cannot be read."""
#: So many cues are named of a kind that a person should look at.
_MOST_SHOWN = 8


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = _parsing.Parser(description=__doc__, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("file", type=console.path, metavar="FILE", help="the subtitles: .srt, .vtt, .ass, .ssa or .ttml")
    made.add_argument("--to", required=True, metavar="FILM", help="the film: its file, id, title or job")
    made.add_argument("--source", default="", help="language spoken, for a film that is not known yet; default: auto")
    made.add_argument("--language", help="the file's language; default: what stands in its name, as in film.en.srt")
    made.add_argument("--encoding", default="", help="of the file, such as cp1252; default: what is sure")
    made.add_argument("--output", type=console.path, metavar="FILE", help="default: FILE with .retimed in its name")
    made.add_argument("--force", action="store_true", help="write over an output that is there")
    return made


@dataclass(frozen=True)
class _Asked:
    """What is to be done.

    Attributes:
        kind: of the file, as it is read and written.
        output: where the result goes,
        page: and its page.
    """

    kind: str
    output: Path
    page: Path


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    try:
        asked = _asked(options)
        reading = _read(options)
        job = _job(options, configuration.project())
        film = heard.read(job)
        found = _retimed(options, reading, film)
        if found is None:
            raise SamvadError(
                f"{str(options.file)!r} does not fit the film: neither its words nor its times were found in it.",
                "Is it the right film and file? Nothing was written.",
            )
        print(console.printable("\n".join(_told(options, found, reading)), lines=True))
        if not any(item.now != item.cue for item in found.verdicts):
            print("Nothing is written: the file is in time already.")
            return 0
        _write(options, asked, found, film)
    except SamvadError as error:
        console.complain("samvad retime", error)
        return error.exit_code
    return 0


def _asked(options: argparse.Namespace) -> _Asked:
    kind = formats.ENDINGS.get(options.file.suffix.lower())
    if kind is None:
        raise ConfigurationError(
            f"{str(options.file)!r} is no subtitle file that is known by its ending.",
            f"Known are {', '.join(sorted(formats.ENDINGS))}.",
        )
    name = options.file
    ending = name.suffix if name.suffix.lower() != ".ssa" else ".ass"
    output = options.output or name.with_name(f"{name.stem}.retimed{ending}")
    if formats.ENDINGS.get(output.suffix.lower()) is None:
        raise ConfigurationError(f"--output {str(output)!r}: no subtitle format has this ending.", "Such as .srt.")
    page = output.with_suffix(".html")
    taken = [place for place in (output, page) if place.exists()]
    if taken and not options.force:
        raise ConfigurationError(f"{str(taken[0])!r} is there already.", "Give another --output, or --force.")
    return _Asked(formats.ENDINGS[output.suffix.lower()], output, page)


def _read(options: argparse.Namespace) -> Reading:
    known = options.language or getattr(file_language.in_name(options.file.name), "language", "")
    reading = formats.read(options.file, language=known, encoding=options.encoding)
    if reading.lost:
        places = "\n".join(note.said() for note in reading.lost[:_MOST_SHOWN])
        raise MediaError(f"Text of {str(options.file)!r} would be lost:\n{places}", "Correct these places first.")
    if not reading.cues:
        raise MediaError(f"{str(options.file)!r} has no cues.")
    return reading


def _job(options: argparse.Namespace, settings: Mapping[str, Any]) -> Path:
    """Return the job of the film, with its speech recognised: that is done first where need be.

    Raises:
        SamvadError: there is no such film, or its speech cannot be recognised.
    """
    if heard.has_words(folder := Path(options.to)):
        return folder.absolute()
    try:
        found = naming.find(options.to, settings)
        if heard.has_words(found.folder):
            return found.folder
    except ConfigurationError:
        if not Path(options.to).is_file():
            raise
    else:
        if found.film is None:
            raise ConfigurationError(f"{found.folder} has no recognised speech, and the film sheet lacks its film.")
    if Path(options.to).is_file() or found.film is None:
        media = str(Path(options.to).absolute())
    else:
        media = film_sheet.text_of(found.film)["media"]
        media = media if addresses.is_remote(media) else str(places.work() / media)
    print("The film's speech is recognised first.", flush=True)
    words = [str(schemas.ROOT / "samvad"), "film", "--only=asr"]
    words += [f"--source={options.source}"] if options.source else []
    code = subprocesses.hand_over([*words, "--", media], schemas.ROOT)
    if code:
        raise SamvadError("The film's speech was not recognised.", "What is printed above says why.")
    return naming.find(options.to, settings).folder


def _retimed(options: argparse.Namespace, reading: Reading, film: Heard) -> Retimed | None:
    return retimed.retime(reading.cues, list(film.texts.values()), film.speech, film.film_ms)


def _told(options: argparse.Namespace, found: Retimed, reading: Reading) -> list[str]:
    by = "the words of both" if found.by == "words" else "when somebody speaks (no words could be compared)"
    lines = [f"{options.file}: {len(found.verdicts)} cues, by {by}; {found.sure:.0%} of what was compared fits."]
    rate = retimed.rate_in_words(found.map.rate)
    lines += [f"  its clock runs wrong: {rate}"] if rate else []
    for piece in found.map.pieces:
        shift = retimed.shift_at(found.map, piece.first_ms) / 1000
        lines.append(f"  from {clock(piece.first_ms)}: {shift:+.2f} s, {piece.cues} cues speak for it")
    lines.append("  " + ", ".join(f"{found.counts[name]} {name}" for name in VERDICTS if found.counts[name]))
    for kind in (OFFERED, NOT_IN_FILM):
        of_kind = [item for item in found.verdicts if item.verdict == kind]
        lines += [f"  {_line(item)}" for item in of_kind[:_MOST_SHOWN]]
        lines += [f"  … and {len(of_kind) - _MOST_SHOWN} more"] if of_kind[_MOST_SHOWN:] else []
    left = [note for note in reading.notes if note.kind == LEFT]
    lines += [f"  what cues cannot hold is missing: {note.said()}" for note in left[:_MOST_SHOWN]]
    return lines


def _line(item: Verdict) -> str:
    where = f", or at {clock(item.offered_ms)}" if item.offered_ms is not None else ""
    return f"{clock(item.cue.start_ms)}  {item.verdict}{where}: {' '.join(item.cue.lines)}"


def _write(options: argparse.Namespace, asked: _Asked, found: Retimed, film: Heard) -> None:
    language = options.language or getattr(file_language.in_name(options.file.name), "language", "")
    text = formats.write(asked.kind, found.cues, language)
    aside = [item.cue for item in found.verdicts if item.now is None]
    kept = asked.output.with_name(f"{asked.output.stem}.not-in-film{asked.output.suffix}")
    page = retimed_page.render(options.file.name, found, film, asked.page)
    with files.disk_errors(asked.output):
        if aside:
            files.write_text(kept, formats.write(asked.kind, aside, language))
        files.write_text(asked.page, page)
        files.write_text(asked.output, text)
    print(console.printable(f"Written: {asked.output}"))
    if aside:
        print(console.printable(f"Set aside, with their old times: {kept}"))
    print(console.printable(f"Look and listen: {asked.page}"))
