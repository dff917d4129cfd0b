"""Write a film into Matroska until it is proved to be the film: the route that changes least first.

mkvmerge reads the film; where it shifts something, it is told to take the shift back. Where it refuses the film, gives
other sound than the film's or times that no shift mends, ffmpeg copies the streams into Matroska first; where a sound
does not survive that either, it is decoded and kept without loss.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import samvad
from samvad.core import files
from samvad.core.errors import DiskError, MediaError, MissingToolError, ToolError
from samvad.documents.mux_proof import StreamProof
from samvad.logs.spans import span
from samvad.media import changed_codecs, ffprobe
from samvad.media.clock import Film, Start
from samvad.media.film_headers import Header
from samvad.media.film_packets import Packet
from samvad.runner.stage_run import StageRun
from samvad.stages.mux import compared, known, looks, lossless, matroska, media, proof, recognised_sound, sources
from samvad.stages.mux.film import FilmFile
from samvad.stages.mux.sources import Taken

log = logging.getLogger(__name__)

#: How often a route is tried: once as it is, once with its shifts taken back, once more for what these let appear.
_TRIES = 3
#: So many damaged places of a film are told; ``proof.json`` has all.
_DAMAGES_TOLD = 8


@dataclass(frozen=True)
class Bytes:
    """The bytes of a result, by which it is known again.

    Attributes:
        checksum: of them; None where it was not taken.
        state: of the file, which tells whether they are what they were.
        key: of what is known of them, and of all that they were made of; None where nothing is kept.
        known: what was found in the same bytes before.
    """

    checksum: str | None
    state: samvad.FileState | None
    key: str | None
    known: known.Known | None

    def still(self, target: Path) -> bool:
        """Say whether a file has these bytes still."""
        return self.checksum is not None and samvad.file_state(target) == self.state


@dataclass(frozen=True)
class Made:
    """A result that was proved.

    Attributes:
        route: how the film's streams came into it, in words.
        taken: the files that they came from.
        header: what ffprobe reads in the result.
        beginning: the packets of its first seconds.
        streams: where they were found.
        bytes: what file it was that was proved.
    """

    route: str
    taken: Taken
    header: Header
    beginning: Sequence[Packet]
    streams: tuple[StreamProof, ...]
    bytes: Bytes


@dataclass(frozen=True)
class Wanted:
    """What is to be written.

    Attributes:
        target: the file.
        arguments: gives mkvmerge's arguments for the files that it is to read.
        heard: stage 01's sound and the number of the film's stream that it was made of; None where it is gone.
        keep_default_subtitles: whether the film's own default subtitle track stays one.
    """

    target: Path
    arguments: Callable[[Taken], list[str]]
    heard: tuple[Path, int] | None
    keep_default_subtitles: bool


def write(run: StageRun, film: FilmFile, wanted: Wanted) -> Made:
    """Write the film, and prove it.

    Raises:
        MediaError: no route gives the film's sound and pictures at their times; says what is wrong.
        DiskError: the disk is full.
        MissingToolError: a program is missing.
    """
    reasons: list[str] = []
    for route, make in _routes(run, film, wanted.keep_default_subtitles):
        try:
            taken = make(_broken(film, reasons))
            if isinstance(taken, str):
                reasons.append(taken)
                continue
            made = _try(run, film, wanted, route, taken)
        except (DiskError, MissingToolError):
            raise
        except (MediaError, ToolError) as error:
            log.info("Route %r fails: %s", route, error.what)
            reasons.append(error.what)
            continue
        if isinstance(made, Made):
            _say(run, film, made, reasons)
            return made
        reasons.append(made)
    is_transport = film.header.container == ffprobe.TRANSPORT_STREAM
    if is_transport and (changed := changed_codecs.told(film.path)):
        raise MediaError(
            f"{str(film.path)!r} goes on in another codec ({changed}): a track of Matroska has one from its beginning "
            "to its end.",
            "Its subtitles are in 09_subtitle_gen. Cut it there and give the parts, or convert all of it to one codec.",
            path=str(film.path),
        )
    raise MediaError(
        f"{str(film.path)!r} cannot be put into Matroska as it is played: {'; '.join(dict.fromkeys(reasons))}.",
        "Its subtitles are in 09_subtitle_gen; or convert the film with a tool of your choice, and give that one.",
        path=str(film.path),
    )


def _routes(run: StageRun, film: FilmFile, keep: bool) -> Iterator[tuple[str, Callable[[frozenset[int]], Taken | str]]]:
    yield "mkvmerge", lambda _: sources.direct(run, film, keep_default_subtitles=keep)
    yield "ffmpeg", lambda _: sources.copied(run, film, frozenset(), keep_default_subtitles=keep)
    if film.begins_early and film.begins_early.key_us is not None:
        yield (
            "ffmpeg, picture encoded",
            lambda _: sources.copied(run, film, frozenset(), keep_default_subtitles=keep, whole_picture=True),
        )
    yield "ffmpeg, sound decoded", lambda broken: sources.copied(run, film, broken, keep_default_subtitles=keep)


def _broken(film: FilmFile, reasons: Sequence[str]) -> frozenset[int]:
    """Return the sounds that are to be decoded: all, since a program that fails does not say which it was."""
    return frozenset(stream.index for stream in film.streams if stream.kind == "audio") if reasons else frozenset()


def _try(run: StageRun, film: FilmFile, wanted: Wanted, route: str, taken: Taken) -> Made | str:
    """Write by a route, and take back what it shifts; return what is wrong in the end, in words, or the result."""
    wrong: list[str] = []
    for _ in range(_TRIES):
        with span("muxing"):
            for warning in matroska.multiplex(wanted.arguments(taken), run.work_folder, film.path):
                log.info("mkvmerge: %s", warning)
        header, beginning = looks.mend(film.header, wanted.target)
        reference = taken.film if film.leaps else film
        with span("proving"):
            read = _bytes(run, film, wanted.target)
            found = (
                read.known.streams
                if read.known
                else check(film, reference, wanted.target, header, wanted.heard, run.threads)
            )
        wrong = wrong_in(film, found, header)
        if not wrong:
            return Made(route, taken, header, beginning, found, read)
        log.info("Route %r: %s", route, "; ".join(wrong))
        steps = corrections(taken, found)
        if steps is None:
            break
        taken = taken.moved(steps)
    return "; ".join(wrong)


def _bytes(run: StageRun, film: FilmFile, target: Path) -> Bytes:
    """Return the bytes of a result, with what is known of them.

    Where the film's times leap, what is compared is no file that the stage was given: nothing is known of that.
    """
    if film.leaps or run.key() is None:
        return Bytes(None, None, None, None)
    state = samvad.file_state(target)
    checksum = files.sha256_of(target)
    # The list of tracks has the film's name in it; what else it says of a track is in the bytes.
    key = run.key(without="tracks", result=checksum)
    if found := known.find(key):
        log.info("The same bytes were proved before")
    return Bytes(checksum, state, key, found)


def check(
    film: FilmFile, reference: FilmFile, target: Path, header: Header, heard: tuple[Path, int] | None, workers: int
) -> tuple[StreamProof, ...]:
    """Look for the film's pictures and sounds in a result, and for the sound that was recognised.

    Args:
        film: the film.
        reference: what is compared with the result: the film, or what ffmpeg put together of one whose times leap; then
            stage 01's sound tells whether that is right.
        target: the result.
        header: what ffprobe reads in it.
        heard: stage 01's sound and the number of the film's stream that it was made of; None where it is gone.
        workers: how many programs may run at a time.

    Raises:
        ToolError: streams are missing, or a program is.
    """
    made = [*header.moving, *header.of_kind("audio")]
    if len(made) != len(film.streams):
        raise ToolError(
            f"The result has {len(made)} pictures and sounds, not {len(film.streams)}.",
            "Please report this with the log.",
            path=str(film.path),
        )
    seconds = film.duration_ms / 1000
    # The result is to begin at zero, whatever its header says of that.
    begins = Start(0, round(header.start_seconds * 1e6), leaps=False)
    result = compared.Compared(Film(target, header, begins), seconds)
    joint = reference.begins_early.key_us if reference.begins_early else None
    original = compared.Compared(reference.film, seconds, None if joint is None else joint / 1e6)
    found = proof.prove(
        original,
        result,
        list(zip(reference.streams, made, strict=True)),
        workers,
        (film.film, film.streams) if film.leaps else None,
    )
    if heard is not None:
        audio, number = heard
        own, counterpart = next(pair for pair in zip(film.streams, made, strict=True) if pair[0].index == number)
        recognised = recognised_sound.prove(audio, result, counterpart, number, None if film.leaps else (original, own))
        is_damaged = any(item.damaged_at_ms for item in found if item.stream == number and item.kind == "audio")
        found.append(compared.with_damage(recognised) if is_damaged else recognised)
    return tuple(found)


def wrong_in(film: FilmFile, found: Sequence[StreamProof], header: Header) -> list[str]:
    """Return what is wrong with a result, in words; empty where it is proved to be the film."""
    # Ogg states the time of a page's last packet alone; those of the others are counted, and differ by read.
    ogg = film.header.container == "ogg"
    return [
        *proof.judge(found, _name, loose=ogg or film.leaps, leaps=film.leaps and not ogg),
        *looks.differences(film.header, header),
    ]


def warn_unproved(run: StageRun, found: Sequence[StreamProof]) -> None:
    """Warn of streams that nothing proves, and of what of them is damaged."""
    for item in found:
        if item.damaged_at_ms:
            places = ", ".join(f"{at / 1000:.1f} s" for at in item.damaged_at_ms[:_DAMAGES_TOLD])
            more = len(item.damaged_at_ms) - _DAMAGES_TOLD
            places += f" and {more} more places" if more > 0 else ""
            run.warn(f"{_name(item).capitalize()} is damaged in the film at {places}, and not compared there.")
    # The sound that was recognised is compared twice: as it stands in the film, and as it was recognised.
    for name in dict.fromkeys(_name(item) for item in found if item.by == "nothing"):
        run.warn(f"Nothing proves that {name} is in time: it is silent, or too even.")
    for item in found:
        if item.is_in_places_alone:
            why = "cannot be decoded as a whole" if item.kind == "audio" else "is not the same byte for byte"
            run.warn(f"{_name(item).capitalize()} {why}: it is compared at some places only.")


def corrections(taken: Taken, found: Sequence[StreamProof]) -> list[int] | None:
    """Return what has to be added to the times of all tracks, or None where that mends nothing.

    A sound without a place of its own, and the film's own subtitles, go with the first picture.
    """
    if any(item.lost_at_ms or item.spread_ms > compared.SPREAD_MS for item in found):
        return None
    own = [item for item in found if item.by != recognised_sound.HEARD]
    first = next((item.shift_ms for item in own if item.shift_ms is not None), None)
    if first is None:
        return None
    shifts = {kind: iter([item.shift_ms for item in own if item.kind == kind]) for kind in ("video", "audio")}
    steps = []
    for track in taken.tracks:
        shift = next(shifts[track.kind], None) if track.kind in shifts else None
        in_file = any(track in tracks for _, tracks in taken.files[:1])
        steps.append(-round(first if shift is None else shift) if in_file else 0)
    return steps if any(steps) else None


def _say(run: StageRun, film: FilmFile, made: Made, reasons: Sequence[str]) -> None:
    """Warn of what the result is that nobody would expect."""
    if reasons:
        changed = [
            f"sound {stream.index} ({stream.codec}) is kept without loss as {name}"
            for stream in film.streams
            if stream.kind == "audio"
            and (name := lossless.changed(stream, decoded="decoded" in made.route)) is not None
        ]
        if made.taken.encoded:
            changed.append(made.taken.encoded)
        if stills := [one for one in film.header.of_kind("video") if one not in film.streams]:
            changed.append(f"still pictures are left out: {media.named(stills)}")
        told = "; ".join(changed)
        why = (
            f"mkvmerge alone could not make the film ({'; '.join(dict.fromkeys(reasons))}): ffmpeg copied its streams "
            "first, and what came of that was held against the film like any other."
        )
        if told:
            run.warn(f"{why} {told[0].upper()}{told[1:]}.")
        else:  # nothing of the film is changed: there is nothing that a person should look at
            log.info("%s", why)
    warn_unproved(run, made.streams)


def _name(item: StreamProof) -> str:
    kind = "picture" if item.kind == "video" else "sound"
    by = "" if item.by == "nothing" else f", by {item.by}"
    return f"the film's {kind} (stream {item.stream}{by})"
