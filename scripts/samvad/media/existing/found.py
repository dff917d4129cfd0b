"""Which subtitles a film has already: tracks in it and files beside it, by language and kind.

A subtitle file belongs to a film by its name (``Film.srt``, ``Film.en.forced.srt``), or lies in a folder ``Subs``
beside it that is that film's alone. What Samvad has written itself is none: it would count as somebody's work.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from samvad.core import outside
from samvad.core.console import printable
from samvad.core.errors import MediaError
from samvad.documents import beside_files
from samvad.documents.subtitles import file_language, formats
from samvad.media import film_file, film_headers, made_here
from samvad.media.film_headers import Header, Stream
from samvad.text import languages

Kind = Literal["text", "bitmap", "unreadable"]
#: ffmpeg's names of subtitles that are text, and of those that are pictures; others it cannot decode.
TEXT = frozenset(
    {
        *("ass", "dvb_teletext", "eia_608", "jacosub", "microdvd", "mov_text", "mpl2", "pjs", "realtext", "sami"),
        *("srt", "ssa", "stl", "subrip", "subviewer", "subviewer1", "text", "vplayer", "webvtt"),
    }
)
BITMAP = frozenset({"dvb_subtitle", "dvd_subtitle", "hdmv_pgs_subtitle", "xsub"})
#: Endings of files beside a film that hold pictures: Blu-ray's, and the index of a DVD's.
_BITMAP_FILES = {".sup": "hdmv_pgs_subtitle", ".idx": "dvd_subtitle"}
#: Folders beside a film in which its subtitles lie.
_FOLDERS = frozenset({"subs", "sub", "subtitles", "subtitle"})
_FORCED, _FOR_DEAF, _COMMENT = (
    re.compile(pattern, re.IGNORECASE)
    for pattern in (r"\b(forced|foreign|signs)\b", r"\b(sdh|cc|hearing|hi)\b", r"\bcomm(ent(ary)?)?\b")
)
#: A film of ten minutes or more whose track has fewer cues a minute than this has subtitles of some of its lines alone.
_LONG_MS, _FEWEST_A_MINUTE = 600_000, 0.5
#: Names beside a film that are looked at, in the order of the alphabet.
_MOST_NAMES = 10_000
_VOBSUB_LANGUAGE = re.compile(r"^id:\s*([a-z]{2,3})\b", re.MULTILINE)


@dataclass(frozen=True)
class Existing:
    """Subtitles that a film has already.

    Attributes:
        place: where they are, for people: ``track 2`` (of its subtitles, from 0), or the file's name.
        codec: ffmpeg's name of it, or a file's ending.
        kind: whether they are text, pictures of text, or what nothing here reads.
        language: short code; None where nothing says it.
        forced: they translate some lines alone: signs, other languages.
        hearing_impaired: they name sounds and speakers, for the deaf and hard of hearing.
        commentary: they go with a commentary.
        stream: the number of the stream in the film; None of a file.
        path: the file beside it; None of a track.
        why: what a person should know: why no language is known, why it counts as forced.
    """

    place: str
    codec: str
    kind: Kind
    language: str | None
    forced: bool = False
    hearing_impaired: bool = False
    commentary: bool = False
    stream: int | None = None
    path: Path | None = None
    why: str = ""

    @property
    def is_whole(self) -> bool:
        """Return whether they are of all that is said in the film, as far as can be told."""
        return not self.forced and not self.commentary

    def told(self) -> str:
        """Return them in a few words, such as ``track 2: Hindi, forced (subrip)``."""
        words = [languages.name(self.language) if self.language else "unknown language"]
        words += ["forced"] * self.forced + ["SDH"] * self.hearing_impaired + ["commentary"] * self.commentary
        words += ["bitmap"] if self.kind == "bitmap" else ["not readable"] if self.kind == "unreadable" else []
        return f"{self.place}: {', '.join(words)} ({self.codec})" + (f": {self.why}" if self.why else "")


def look(film: Path, header: Header, own: Iterable[beside_files.Written] = ()) -> tuple[Existing, ...]:
    """Return the subtitles that a film has already: tracks in their order, then files by name.

    Args:
        film: the film.
        header: what its headers say.
        own: files beside films that Samvad wrote: those that are still as they were are left out.
    """
    tracks = [
        _of_track(number, stream, header)
        for number, stream in enumerate(header.of_kind("subtitle"))
        if not stream.title.endswith(made_here.MARK)
    ]
    written = {item.path: item.sha256 for item in own}
    return (*tracks, *(item for path in _files(film) for item in _of_file(path, film, header, written)))


def lacking(found: Sequence[Existing], targets: Sequence[str], *, bitmaps: bool) -> tuple[str, ...]:
    """Return the target languages that a film has no whole subtitles of.

    Args:
        found: from ``look``.
        targets: short codes.
        bitmaps: whether pictures of text count.
    """
    kinds = ("text", "bitmap") if bitmaps else ("text",)
    whole = [item.language for item in found if item.is_whole and item.kind in kinds and item.language]
    return tuple(code for code in targets if not any(languages.same(code, other) for other in whole))


def choice(found: Sequence[Existing], spoken: Sequence[str], *, bitmaps: bool) -> Existing | None:
    """Return the subtitles that say most surely what is spoken: whole, in the language, text before pictures.

    Args:
        found: from ``look``.
        spoken: short codes of the languages, most important first.
        bitmaps: whether pictures of text may be taken.
    """
    kinds = ("text", "bitmap") if bitmaps else ("text",)
    fit = [
        item
        for item in found
        if item.is_whole
        and item.kind in kinds
        and not (item.path and item.path.suffix.lower() == ".idx")
        and item.language
        and any(languages.same(item.language, code) for code in spoken)
    ]

    def order(item: Existing) -> tuple[int, int, bool]:
        rank = next(place for place, code in enumerate(spoken) if languages.same(item.language or "", code))
        return kinds.index(item.kind), rank, item.hearing_impaired

    return min(fit, key=order, default=None)


def _of_track(number: int, stream: Stream, header: Header) -> Existing:
    kind: Kind = "text" if stream.codec in TEXT else "bitmap" if stream.codec in BITMAP else "unreadable"
    forced = stream.forced or bool(_FORCED.search(stream.title))
    few = "" if forced else _few(stream.frames, header.duration_ms, per_cue=2 if stream.codec != "subrip" else 1)
    return Existing(
        f"track {number}",
        stream.codec,
        kind,
        languages.from_tag(stream.language),
        forced or bool(few),
        stream.hearing_impaired or "captions" in stream.flags or bool(_FOR_DEAF.search(stream.title)),
        "comment" in stream.flags or bool(_COMMENT.search(stream.title)),
        stream.index,
        why=few,
    )


def _few(cues: int | None, film_ms: int | None, per_cue: int = 1) -> str:
    """Return that a long film's subtitles are too few to be of all that is said; empty where they are not.

    Args:
        cues: how many there are, or packets of a track; None where nobody says.
        film_ms: how long the film is.
        per_cue: packets that a cue may have at most, where packets are counted; pictures and MP4 clear with one more.
    """
    if cues is None or film_ms is None or film_ms < _LONG_MS:
        return ""
    said = cues / per_cue
    few = said < _FEWEST_A_MINUTE * film_ms / 60_000
    return f"{cues} cues in {film_ms / 60_000:.0f} minutes, which is too few for all that is said" if few else ""


def _files(film: Path) -> Iterator[Path]:
    """Yield the subtitle files beside a film that are its own, by their names."""
    stem = film.stem.casefold()
    here = _listed(film.parent)
    for path in here:
        name = path.name.casefold()
        if _is_subtitle(path) and (path.stem.casefold() == stem or name.startswith(f"{stem}.")):
            yield path
    films = [path for path in here if path.suffix.lower() in film_file.SUFFIXES and path.stem.casefold() != stem]
    for folder in here:
        if folder.name.casefold() not in _FOLDERS or not folder.is_dir():
            continue
        inside = _listed(folder)
        own = [path for path in inside if path.is_dir() and path.name.casefold() == stem]
        inside += [path for part in own for path in _listed(part)]
        for path in inside:
            is_own = not films or path.parent in own or path.name.casefold().startswith(f"{stem}.")
            if is_own and _is_subtitle(path):
                yield path


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))[:_MOST_NAMES]
    except OSError:
        return []  # a folder that cannot be read has nothing for us; that the film cannot be read is told elsewhere


def _is_subtitle(path: Path) -> bool:
    ending = path.suffix.lower()
    return (ending in formats.ENDINGS or ending in _BITMAP_FILES) and ending != ".xml" and path.is_file()


def _of_file(path: Path, film: Path, header: Header, written: dict[str, str]) -> Iterator[Existing]:
    """Yield what a file beside a film is; nothing of one that Samvad has written."""
    name = path.name if path.parent == film.parent else str(path.relative_to(film.parent))
    shown, ending = printable(name), path.suffix.lower()
    # The film's own name is no part of what the file says of itself: "Dr.No.srt" is nothing in Norwegian.
    rest = path.stem[len(film.stem) :] if path.name.casefold().startswith(film.stem.casefold()) else f".{path.stem}"
    named = file_language.in_name(f"film{rest}{path.suffix}")
    language = named.language if named else None
    marks = {mark for mark in re.split(r"[^a-z]+", rest.lower()) if mark}
    deaf = bool(marks & {"sdh", "cc"}) or ("hi" in marks and language not in (None, "hi"))
    forced, comment = bool(marks & {"forced", "foreign"}), bool(marks & {"commentary", "comm", "comment"})
    if not name.isascii() and name != name.encode("utf-8", "replace").decode():  # no record can have it
        why = "rename it: its name is in another encoding than UTF-8"
        yield Existing(shown, ending[1:], "unreadable", language, forced, deaf, comment, path=path, why=why)
        return
    if codec := _BITMAP_FILES.get(ending):
        tongues = _vobsub_languages(path) if ending == ".idx" and language is None else [language]
        for tongue in tongues:
            yield Existing(shown, codec, "bitmap", tongue, forced, deaf, comment, path=path)
        return
    kind: Kind = "text"
    try:
        data = outside.read_bytes(path, formats.LARGEST_BYTES)
        if written.get(str(path.absolute())) == hashlib.sha256(data).hexdigest():
            return
        cues = formats.read(path, language=language or "").cues
    except (MediaError, OSError) as error:
        what = error.what if isinstance(error, MediaError) else str(error.strerror)
        yield Existing(shown, ending[1:], "unreadable", language, forced, deaf, comment, path=path, why=what)
        return
    why = ""
    if not cues:
        kind, why = "unreadable", "it has no cues"
    elif named and (against := file_language.contradiction(named, [cue.text for cue in cues])):
        language, why = None, f"its name says {languages.name(named.language)}, but {against}"
    elif not forced and (few := _few(len(cues), header.duration_ms)):
        forced, why = True, few
    yield Existing(shown, ending[1:], kind, language, forced, deaf, comment, path=path, why=why)


def _vobsub_languages(path: Path) -> Collection[str | None]:
    try:
        text = outside.read_text(path, "utf-8", formats.LARGEST_BYTES, "replace")
    except OSError:
        return [None]
    return dict.fromkeys(languages.from_tag(tag) for tag in _VOBSUB_LANGUAGE.findall(text)) or [None]


@dataclass(frozen=True)
class Verdict:
    """Whether a film can be passed over because it has subtitles.

    Attributes:
        has_all: whether it has whole subtitles of every language that is wanted.
        told: the ones that count, or what is lacking and what does not count, in words.
    """

    has_all: bool
    told: str


def judge(found: Sequence[Existing], targets: Sequence[str], *, bitmaps: bool) -> Verdict:
    """Return whether a film has subtitles of every language that is wanted, and what speaks for and against it.

    Args:
        found: from ``look``.
        targets: short codes.
        bitmaps: whether pictures of text count.
    """
    missing = lacking(found, targets, bitmaps=bitmaps)
    if not missing:
        counted = [item for item in found if len(lacking([item], targets, bitmaps=bitmaps)) < len(targets)]
        return Verdict(True, "; ".join(item.told() for item in counted))
    reasons = [f"{item.told()} does not count ({why})" for item in found if (why := _uncounted(item, bitmaps=bitmaps))]
    return Verdict(False, "; ".join([f"no subtitles in {', '.join(map(languages.name, missing))}", *reasons]))


def _uncounted(item: Existing, *, bitmaps: bool) -> str:
    if item.language is None:
        return "its language is not known"
    if item.forced:
        return "it has some lines alone"
    if item.commentary:
        return "it is of a commentary"
    if item.kind == "bitmap" and not bitmaps:
        return "it is pictures: --ocr counts them"
    return "nothing here can read it" if item.kind == "unreadable" else ""


def of_film(film: Path, output_root: Path, own: Collection[beside_files.Written] | None = None) -> tuple[Existing, ...]:
    """Return the subtitles that a film has already, but for those that jobs of Samvad's have written.

    Args:
        film: the film.
        output_root: the folder of all jobs.
        own: what these have written beside films, where it is known: who asks of many films reads it once.

    Raises:
        MediaError: ffprobe cannot read the film.
    """
    return look(film, film_headers.read(film), beside_files.of_all(output_root) if own is None else own)
