"""What else is the film's own: names, languages and flags of its tracks, its subtitles, chapters and attached files.

None of it decides whether a result is in time, so what differs is mended where that can be done, or told.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence

from samvad.core import subprocesses
from samvad.core.errors import ToolError
from samvad.media import ffmpeg, film_headers, film_packets
from samvad.media.film_headers import Header, Stream
from samvad.stages.mux.film import FilmFile
from samvad.text import languages

log = logging.getLogger(__name__)

#: Flags by ffmpeg's words for them, and mkvpropedit's name of each.
_FLAGS = {
    "comment": "flag-commentary",
    "forced": "flag-forced",
    "hearing_impaired": "flag-hearing-impaired",
    "original": "flag-original",
    "visual_impaired": "flag-visual-impaired",
}
#: mkvpropedit's letters for the kinds of tracks.
_LETTERS = {"video": "v", "audio": "a", "subtitle": "s"}
#: How far chapters and the film's own subtitles may be off, in ms.
_OFF_MS = 10.0
#: MP4's text has a packet of this size where nothing is shown.
_EMPTY_BYTES = 2
#: How many fields a line of ffmpeg's ``framecrc`` has at least.
_FRAMECRC_FIELDS = 6
_UNDEFINED = "und"


def pairs(film: Header, result: Header, new: int) -> Iterator[tuple[Stream, Stream, int]]:
    """Return the film's tracks, each with its counterpart and that one's number among the result's of its kind.

    Args:
        film: the film.
        result: what was made of it.
        new: how many of the result's subtitles are new; they come last.
    """
    subtitles = result.of_kind("subtitle")
    for own, made in (
        (film.moving, result.moving),
        (film.of_kind("audio"), result.of_kind("audio")),
        (film.of_kind("subtitle"), subtitles[: len(subtitles) - new]),
    ):
        if len(own) == len(made):
            yield from ((one, other, place) for place, (one, other) in enumerate(zip(own, made, strict=True), start=1))


def mend(film: Header, result: FilmFile, new: int) -> Header:
    """Write into a Matroska result what it lacks of the film's names, languages and flags; return its headers."""
    edits: list[str] = []
    for own, made, place in pairs(film, result.header, new):
        wanted, is_so = _said(own), _said(made)
        found = [
            f"{flag}={int(name in wanted)}" for name, flag in _FLAGS.items() if (name in wanted) != (name in is_so)
        ]
        if wanted["language"] not in (is_so["language"], _UNDEFINED):
            found.append(f"language={own.language}")
        if own.title not in (made.title, ""):
            found.append(f"name={own.title}")
        if found:
            edits += [
                "--edit",
                f"track:{_LETTERS[own.kind]}{place}",
                *(word for item in found for word in ("--set", item)),
            ]
    if not edits:
        return result.header
    try:
        subprocesses.ask(["mkvpropedit", str(result.path), *edits])
    except ToolError as error:  # such as a language that it does not know: what differs then is told
        log.info("%s", error)
    return film_headers.read(result.path)


def _said(stream: Stream) -> dict[str, str]:
    """Return a track's language, and its flags that are set."""
    flags = {name: "" for name in _FLAGS if name in stream.flags or (name == "forced" and stream.forced)}
    return {"language": languages.from_tag(stream.language) or _UNDEFINED, **flags}


def differences(film: FilmFile, result: FilmFile, new: int) -> list[str]:
    """Return in words what of the film's own is not in a result as it is in the film."""
    wrong: list[str] = []
    followed = []
    for own, made, _ in pairs(film.header, result.header, new):
        name = f"{own.kind} {own.index}"
        wanted, is_so = _said(own), _said(made)
        # A language that ISO 639-2 has no letters for is none in MP4.
        if wanted["language"] not in (is_so["language"], _UNDEFINED):
            wrong.append(f"{name} is tagged {made.language or _UNDEFINED}, not {own.language}")
        if own.title and own.title != made.title:
            wrong.append(f"{name} has not its title {own.title!r}")
        wrong += [f"{name} has not its flag {flag}" for flag in wanted.keys() - is_so.keys()]
        if own.kind != "subtitle":
            all_of_kind = film.header.of_kind(own.kind)
            # Where none is the default one, players take the first; MP4 says so.
            wanted_default = own.default or (own == all_of_kind[0] and not any(one.default for one in all_of_kind))
            if made.default not in {own.default, wanted_default} and len(all_of_kind) > 1:
                wrong.append(f"{name} is {'' if made.default else 'not '}the default one")
        else:
            followed.append((own, made))
    if followed:
        wrong += _subtitles(film, result, followed)
    if result.header.container.startswith("matroska"):  # MP4 has none, which is told before
        held = {stream.title for stream in result.header.of_kind("attachment")}
        # mkvmerge leaves out folders that stand before a name, which say nothing and could lead anywhere.
        names = [stream.title.rpartition("/")[2] for stream in film.header.of_kind("attachment") if stream.title]
        wrong += [f"the attached file {name!r} is not in it" for name in names if name not in held]
    return [*wrong, *_chapters(film, result)]


def uncompared(film: Header, result: Header, new: int) -> list[str]:
    """Return the film's own subtitles that ``differences`` compares with nothing: some of them were left out."""
    compared = {own.index for own, _, _ in pairs(film, result, new)}
    return [f"subtitle {stream.index}" for stream in film.of_kind("subtitle") if stream.index not in compared]


def _subtitles(film: FilmFile, result: FilmFile, followed: Sequence[tuple[Stream, Stream]]) -> list[str]:
    """Compare the film's own subtitles with those of the result: how many there are, the first and the last."""
    before, after = (_shown_ms(file, [pair[side] for pair in followed]) for side, file in enumerate((film, result)))
    wrong = []
    for own, made in followed:
        # What comes before the film's zero is not shown.
        one, other = ([time for time in found if time >= -_OFF_MS] for found in (before[own.index], after[made.index]))
        if len(one) != len(other):
            wrong.append(f"subtitle {own.index} has {len(other)} texts or pictures, not {len(one)}")
        elif one and max(abs(one[place] - other[place]) for place in (0, -1)) > _OFF_MS:
            shifts = " and ".join(f"{other[place] - one[place]:.0f}" for place in (0, -1))
            wrong.append(f"subtitle {own.index} is shifted: its first and last by {shifts} ms")
    return wrong


def _shown_ms(file: FilmFile, streams: Sequence[Stream]) -> dict[int, list[float]]:
    """Return when the packets of tracks are shown, in ms on the film's clock.

    A picture of DVB's comes in several packets, of which mkvmerge leaves out what shows nothing: they count as one.
    """
    codecs = {stream.index: stream.codec for stream in streams}
    found: dict[int, list[float]] = {number: [] for number in codecs}

    def take(number: int, time_us: int, size: int) -> None:
        if number in found and not (codecs[number] == "mov_text" and size <= _EMPTY_BYTES):
            found[number].append((time_us - file.zero_us) / 1000)

    if file.film.start.leaps:
        found = {number: [time_us / 1000 for time_us in times] for number, times in _put_together_us(file, codecs)}
    else:
        film_packets.read_subtitles(file.path, take)
    return {
        number: sorted(set(times) if codecs[number] == "dvb_subtitle" else times) for number, times in found.items()
    }


def _put_together_us(file: FilmFile, numbers: Iterable[int]) -> Iterator[tuple[int, list[int]]]:
    """Yield streams with the times (µs) of their packets, as ffmpeg gives them where the container's times may leap."""
    chosen = list(numbers)
    times: list[list[int]] = [[] for _ in chosen]

    def take(line: str) -> None:
        # Of each packet: the output's stream, dts, pts, duration, size, checksum.
        fields = line.split(",")
        if fields[0].strip().isdigit() and len(fields) >= _FRAMECRC_FIELDS:
            times[int(fields[0])].append(int(fields[2]))

    source = file.film.source()
    options: ffmpeg.Options = {"c": "copy", "f": "framecrc", "avoid_negative_ts": "disabled"}
    # All in one unit of time, microseconds.
    steady = {f"bsf:{place}": "setts=time_base=1/1000000" for place in range(len(chosen))}
    done = ffmpeg.run(
        [source[str(number)] for number in chosen],
        None,
        {**options, **steady},
        stdout_line=take,
        read_along=file.film.read_along,
    )
    if done.code:
        raise ToolError(f"The subtitles of {str(file.path)!r} cannot be read: {done.last_line}.", "Play the film.")
    yield from zip(chosen, times, strict=True)


def _chapters(film: FilmFile, result: FilmFile) -> list[str]:
    """Compare the chapters; those that begin before the film does, or after its end, are nowhere."""
    own, made = (
        [
            (time_ms, title)
            for time_us, title in file.header.marks
            if -_OFF_MS <= (time_ms := (time_us - file.zero_us) / 1000) < (film.duration_ms or time_ms + 1)
        ]
        for file in (film, result)
    )
    if len(own) != len(made):
        return [f"it has {len(made)} chapters, not {len(own)}"]
    wrong = []
    for number, ((time_ms, title), (other_ms, other)) in enumerate(zip(own, made, strict=True), start=1):
        if abs(time_ms - other_ms) > _OFF_MS:
            wrong.append(f"chapter {number} comes {other_ms - time_ms:.0f} ms late")
        elif title and title != other:
            wrong.append(f"chapter {number} is called {other!r}, not {title!r}")
    return wrong
