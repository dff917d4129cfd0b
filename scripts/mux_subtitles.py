"""Stage 10: put the subtitles beside the film's own streams, in Matroska or MP4; draw them into it, if asked for."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from samvad.core import files, times, typed_json
from samvad.core.errors import ChangedFileError, MediaError
from samvad.documents import mux_proof, provenance
from samvad.documents import probe as probe_document
from samvad.documents.media_facts import MediaFacts
from samvad.documents.subtitles import formats
from samvad.logs.spans import span
from samvad.media import clock, film_facts, film_headers, film_packets, mp4_kinds
from samvad.runner.stage_process import run_stage
from samvad.runner.stage_run import Skipped, StageRun
from samvad.stages.mux import (
    between,
    burn,
    compared,
    cues,
    drawn,
    installed_fonts,
    known,
    lossless,
    matroska,
    media,
    mp4,
    own,
    plan,
    proof,
    recognised_sound,
    routes,
    sources,
    tracks,
)
from samvad.stages.mux.film import FilmFile
from samvad.stages.mux.options import STAGE, Options

log = logging.getLogger(__name__)

_NOT_TONED = "its colours are wrong on ordinary screens, for this ffmpeg has no filter zscale to tone them down."


def work(run: StageRun, options: Options) -> None:
    """Write ``<film>.mkv`` or ``<film>.mp4``."""
    probe = probe_document.read(run.read("demux", "probe"))
    if options.address and options.film_file:  # it may have been given back since stage 01
        from samvad.media import fetched

        fetched.fetch(options.address, options.film_file)
    film = run.read_film(options.film_file).absolute()
    if probe.video is None:
        raise Skipped("the film has no video stream; nothing is to be done: its subtitles are in 09_subtitle_gen")
    run.used(**{name: provenance.tool_version(name) for name in ("mkvmerge", "ffmpeg", "ffprobe")})
    kind = options.subtitle_format if options.container == "mkv" else "srt"
    subtitles = tracks.read(run, options.languages, kind, probe.duration_ms)
    new = plan.new_tracks(subtitles, options.default_track)
    burned = tracks.to_burn(subtitles, options.burn_in, plan.default_track(subtitles, options.default_track))
    font = installed_fonts.drawing(cue.text for cue in formats.read(burned.path).cues) if burned else None
    for place in dict.fromkeys((run.job_folder, run.work_folder)):  # the job first: it is what the user knows
        plan.check_space(place, film, copies=2 if burned else 1)

    target = run.work_folder / f"{run.film}.{options.container}"
    log.info("Writing %s with %d new subtitle tracks", target.name, len(new))
    held = on_clock(run, film, probe)
    if options.container == "mp4":
        write_mp4(run, options, held, target, new, probe)
    else:
        attached = tracks.fonts_for(run, subtitles) if kind == "ass" else []
        write_matroska(run, options, held, target, new, probe, attached)
    if burned and font:
        write_burned(run, options, held.film, burned, font, probe)
    run.metadata("default_track", next((track.language for track in new if track.default), None))


def on_clock(run: StageRun, path: Path, probe: probe_document.Probe) -> FilmFile:
    """Return the film with its clock, the one that stage 01 wrote down if it did, without what nothing can decode."""
    header, packets = film_headers.read_with_packets(path, film_packets.BEGINNING_SECONDS)
    if lost := header.undecodable:
        run.warn(f"Streams of the film that cannot be decoded are left out: {media.named(lost)}.")
        header = replace(header, streams=tuple(stream for stream in header.streams if stream not in lost))
    known = probe.clock
    if known is None:
        film = clock.opened(path, header)
        known = clock.read(film) if film.start.leaps else None
    else:
        film = clock.on_known(path, known, header)
    return FilmFile(film, bool(known and known.jumps), probe.duration_ms, known_first=film_packets.firsts(packets))


def write_matroska(
    run: StageRun,
    options: Options,
    film: FilmFile,
    target: Path,
    new: Sequence[matroska.NewTrack],
    probe: probe_document.Probe,
    attached: Sequence[Path],
) -> None:
    """Write the film with mkvmerge, and prove what has come of it."""
    seed = "-".join([probe.checksum, *(files.sha256_of(track.path) for track in new)])
    wanted = routes.Wanted(
        target=target,
        arguments=lambda taken: matroska.options(
            target, options.title, taken.files, new, seed, attached, taken.chapters_ms
        ),
        heard=recognised(run, probe),
        keep_default_subtitles=not any(track.default for track in new),
    )
    made = routes.write(run, film, wanted)
    matroska.write_title(target, options.title)
    taken = made.taken.tracks
    expected = {kind: sum(1 for track in taken if track.kind == kind) for kind in media.KINDS}
    expected["subtitle"] += len(new)
    result = own.mend(film.header, result_file(target, film, made.header), len(new))
    identified = matroska.identify(target, run.work_folder)
    plan.check_result(result, identified, expected, new, film.path)
    plan.check_kept(identified, attached, film.header, film.path)
    found = made.bytes.known if made.bytes.still(target) else None
    if found is None:
        found = look(run, film, target, (result, made.beginning), new, made.streams)
        if made.bytes.still(target):
            run.check_inputs()  # what is kept is found by the checksums of what was read
            known.keep(made.bytes.key, found)
    warn_changed(run, found.differences)
    record_proof(run, made.route, made.streams, found.tracks, found.uncompared)
    checksum = made.bytes.checksum if made.bytes.still(target) else None
    record_metrics(run, target, film.path, probe.duration_ms, result, found.facts, len(new), len(taken), checksum)


def look(
    run: StageRun,
    film: FilmFile,
    target: Path,
    read: tuple[film_headers.Header, Sequence[film_packets.Packet]],
    new: Sequence[matroska.NewTrack],
    streams: tuple[mux_proof.StreamProof, ...],
) -> known.Known:
    """Return what is in a finished result (with what was read of it) besides the film's pictures and sounds."""
    result, beginning = read
    subtitles = result.of_kind("subtitle")
    held = [(track, formats.read(track.path).cues) for track in new]
    return known.Known(
        streams=streams,
        tracks=tuple(cues.prove(target, subtitles[len(subtitles) - len(new) :], held, run.work_folder)),
        differences=tuple(own.differences(film, result_file(target, film, result), len(new))),
        uncompared=tuple(own.uncompared(film.header, result, len(new))),
        facts=film_facts.of(target, result, beginning),
    )


def result_file(target: Path, film: FilmFile, header: film_headers.Header) -> FilmFile:
    """Return what was made of a film, to be compared with it: it begins at zero."""
    begins = clock.Start(0, round(header.start_seconds * 1e6), leaps=False)
    return FilmFile(clock.Film(target, header, begins), leaps=False, duration_ms=film.duration_ms)


def warn_changed(run: StageRun, wrong: Sequence[str]) -> None:
    """Warn of what else is the film's own and came through otherwise: names, flags, chapters, its own subtitles."""
    if wrong:
        run.warn(f"Not all of the film's own came through: {cues.told(wrong)}.")


def recognised(run: StageRun, probe: probe_document.Probe) -> tuple[Path, int] | None:
    """Return stage 01's sound and the film's stream that it was made of, or None where it is gone or was not made."""
    try:
        audio = run.read_optional("demux", "audio")
    except ChangedFileError as error:
        log.info("Stage 01's sound is not compared: %s", error.what)
        return None
    return (audio, probe.audio[probe.chosen_audio_track].stream) if audio and probe.audio else None


def record_proof(
    run: StageRun,
    route: str,
    streams: Sequence[mux_proof.StreamProof],
    found: Sequence[mux_proof.TrackProof],
    uncompared: Sequence[str],
) -> None:
    """Write down what was proved of the result."""
    unproved = [f"{item.kind} {item.stream}" for item in streams if item.by == "nothing"]
    unproved += [f"{item.kind} {item.stream} between its places" for item in streams if item.is_in_places_alone]
    document = mux_proof.Proof(route, tuple(streams), tuple(found), (*unproved, *uncompared))
    mux_proof.write(run.output("proof.json", "proof"), document)
    run.metric("route", route, "")
    run.metric("sound_shift", document.worst_ms("audio"), "ms")
    run.metric("picture_shift", document.worst_ms("video"), "ms")
    run.metric("proved_places", sum(len(item.places) for item in streams), "places")
    run.metric("proved_cues", sum(item.cues for item in found), "cues")


def write_mp4(
    run: StageRun,
    options: Options,
    film: FilmFile,
    target: Path,
    new: Sequence[matroska.NewTrack],
    probe: probe_document.Probe,
) -> None:
    """Write the film with ffmpeg, and prove what has come of it."""
    keep = not any(track.default for track in new)
    mp4_kinds.check(film.header, str(film.path))
    whole = sources.copied(run, film, frozenset(), keep_default_subtitles=keep).film if film.leaps else film
    held, lost = mp4.kept(whole.header)
    if lost:
        kept = " Matroska keeps them." if all(stream.kind in ("subtitle", "attachment") for stream in lost) else ""
        run.warn(f"Streams of the film that MP4 cannot hold are left out: {media.named(lost)}.{kept}")
    anew = [f"{stream.index} ({stream.codec})" for stream in held if lossless.mp4_codec(0, stream).get("c:0") == "flac"]
    if anew:
        run.warn(f"Sound that MP4 cannot hold is kept without loss as flac: {', '.join(anew)}.")
    with span("muxing"):
        mp4.write(target, whole, held, new, options.title, run.work_folder, keep_default_subtitles=keep)
    result, beginning = film_headers.read_with_packets(target, film_packets.BEGINNING_SECONDS)
    mp4.check(result, held, new, film.path)
    with span("proving"):
        streams = routes.check(film, whole, target, result, recognised(run, probe), run.threads)
    if wrong := routes.wrong_in(film, streams, result):
        raise MediaError(
            f"{str(film.path)!r} cannot be put into MP4 as it is played: {'; '.join(wrong)}.",
            "Set mux.container to mkv.",
            path=str(film.path),
        )
    routes.warn_unproved(run, streams)
    subtitles = result.of_kind("subtitle")
    if unflagged := mp4.without_flags(subtitles[len(subtitles) - len(new) :], new):
        run.warn(f"MP4 does not say what some tracks are for, but by their names: {', '.join(unflagged)}.")
    found = cues.prove(
        target, subtitles[len(subtitles) - len(new) :], [(track, mp4.shown(track)) for track in new], run.work_folder
    )
    warn_changed(run, own.differences(whole, result_file(target, film, result), len(new)))
    record_proof(run, "ffmpeg", streams, found, own.uncompared(film.header, result, len(new)))
    facts = film_facts.of(target, result, beginning)
    record_metrics(run, target, film.path, probe.duration_ms, result, facts, len(new), len(held))


def write_burned(
    run: StageRun,
    options: Options,
    film: clock.Film,
    track: plan.Subtitles,
    font: installed_fonts.Font,
    probe: probe_document.Probe,
) -> None:
    """Write a copy of the film with a track drawn into its picture, and the sound that was recognised."""
    target = run.work_folder / f"{run.film}.{track.language}.burned.mp4"
    log.info("Drawing the subtitles in %s into the picture", track.language)
    picture = film.header.film_picture
    assert picture is not None, "stage 01 found one"
    sound = probe.audio[probe.chosen_audio_track].stream if probe.audio else None
    with span("muxing"):
        burn.burn(film, (picture, sound), track.path, font, target, run.work_folder, options.burn_in_crf, run.threads)
    result = film_headers.read(target)
    plan.check_duration(film.path, target, probe.duration_ms, result)
    if picture.picture and burn.is_wide_range(picture.picture):
        range_named = picture.picture.colour["color_transfer"]
        run.warn(
            f"The film's picture is HDR ({range_named}): in the copy with subtitles drawn in, "
            + ("it is toned down to what every screen shows (BT.709)." if burn.can_tone() else _NOT_TONED)
        )
    proved = prove_burned(run, film, (target, result), track, probe)
    run.output(target.name, "burned_film", film_facts.of(target, result))
    run.metadata("burned", {"language": track.language, "font": font.family, "crf": options.burn_in_crf, **proved})


def prove_burned(
    run: StageRun,
    film: clock.Film,
    copy: tuple[Path, film_headers.Header],
    track: plan.Subtitles,
    probe: probe_document.Probe,
) -> dict[str, float | int | None]:
    """Look for the recognised sound in the burned copy, and for its cues in the picture; return what was found.

    Raises:
        MediaError: the sound is at another time, or a cue is not to be seen.
    """
    target, header = copy
    made = clock.Film(target, header, clock.Start(0, round(header.start_seconds * 1e6), leaps=False))
    heard = recognised(run, probe)
    wrong: list[str] = []
    shift_ms = None
    if heard and header.of_kind("audio"):
        copied = compared.Compared(made, probe.duration_ms / 1000)
        sound = header.of_kind("audio")[0]
        found = recognised_sound.prove(heard[0], copied, sound, heard[1])
        if not found.lost_at_ms:
            found = between.heard(found, (film, film.header.stream(heard[1])), (made, sound), copied.duration)
        wrong += proof.judge([found], lambda _: "its sound", loose=True)
        shift_ms = found.shift_ms
    # A clock that leaps leads seeks astray.
    seen = None if film.start.leaps else drawn.look(film, made, formats.read(track.path).cues)
    if seen is not None and seen.missing_ms:
        wrong.append("nothing is seen of the cue at " + ", ".join(map(times.clock, seen.missing_ms)))
    if wrong:
        raise MediaError(
            f"The copy of {str(film.path)!r} with subtitles drawn in is not what was asked for: {'; '.join(wrong)}.",
            "Please report this with the log; burn_in: none goes without it.",
            path=str(film.path),
        )
    if seen is None or (not seen.cues and track.cues):
        run.warn("Nothing proves that the subtitles drawn into the picture are at their times; their sound is.")
    return {
        "cues_seen": seen.cues if seen else 0,
        "cues_unsure": seen.unsure if seen else 0,
        "sound_shift_ms": shift_ms,
    }


def record_metrics(
    run: StageRun,
    target: Path,
    film: Path,
    declared_ms: int,
    result: film_headers.Header,
    facts: MediaFacts,
    new: int,
    own: int,
    checksum: str | None = None,
) -> None:
    """Check the result's duration and record the result, with its checksum where it was taken already."""
    duration_ms = plan.check_duration(film, target, declared_ms, result)
    run.output(target.name, "subtitled_film", facts, checksum=checksum)
    run.metric("duration", duration_ms / 1000, "s")
    run.metric("new_subtitle_tracks", new, "tracks")
    run.metric("own_streams", own, "streams")
    run.metadata("streams", typed_json.plain(facts.streams))


def main(argv: list[str] | None = None) -> int:
    """Run the stage."""
    return run_stage(STAGE, work, argv)


if __name__ == "__main__":
    sys.exit(main())
