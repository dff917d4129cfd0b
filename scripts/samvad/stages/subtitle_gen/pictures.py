"""What stage 09 takes from the film's pictures: its shot changes, and a small copy where one is asked for."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from samvad.core.errors import MediaError, ToolError
from samvad.documents import shots as shots_document
from samvad.documents.probe import Probe
from samvad.logs.spans import span
from samvad.media import clock, shots, small_copy
from samvad.media.clock import Film
from samvad.runner.stage_run import StageRun
from samvad.stages.subtitle_gen.options import Options

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Seen:
    """The times of shot changes in ms, none where they are not known; the small copy's name, or None."""

    cuts_ms: tuple[int, ...]
    small_copy: str | None = None


def look(run: StageRun, probe: Probe, options: Options) -> Seen:
    """Find the film's shot changes; write ``shots.json``, and the small copy that is asked for.

    Shot changes that are known of the same film are taken from the cache: then nothing of the film is read. Without
    them, cues are cut by words alone; that is said, and a film that comes back makes the stage due.
    """
    wanted = options.shots and probe.video is not None
    known = shots.cached(probe.checksum) if wanted else None
    made = None
    if options.proxy_height or (wanted and known is None):
        film = _film(run, probe, options)
        if film is not None and wanted and known is None:
            known = _search(run, probe, film, options.hwaccel)
        if film is not None and options.proxy_height:
            made = _copy(run, probe, film, options.proxy_height)
    if known is None:
        return Seen((), made)
    shots_document.write(run.output("shots.json", "shots"), shots.document(known))
    run.metric("shot_changes", len(known), "cuts")
    return Seen(tuple(known), made)


def _film(run: StageRun, probe: Probe, options: Options) -> Film | None:
    """Return the film to read on its clock; None where it is away."""
    if options.address and options.film_file:  # it may have been given back since stage 01
        from samvad.media import fetched

        fetched.fetch(options.address, options.film_file)
    try:
        path = run.read_film(options.film_file).absolute()
    except MediaError as error:
        place = Path(error.path or "")
        if place.is_file():  # it is another film by now
            raise
        run.warn(f"Cues keep to no shot changes, and no small copy is made: {error.what}")
        run.lacks("the film", place=place)
        return None
    return clock.on_known(path, probe.clock) if probe.clock else clock.opened(path)


def _search(run: StageRun, probe: Probe, film: Film, hwaccel: str) -> list[int] | None:
    with span("detection"):
        try:
            found = shots.search(film, run.threads, hwaccel, run.warn)
        except (MediaError, ToolError) as error:
            run.warn(f"Cues keep to no shot changes: {error.what}")
            return None
    run.check_inputs()  # what goes into the cache is found by the film's checksum
    shots.remember(probe.checksum, found.cuts_ms)
    run.metric("pictures_decoded", found.decoded, "share of the film")
    log.info("%d shot changes; %.0f %% of the film was looked at", len(found.cuts_ms), found.decoded * 100)
    return found.cuts_ms


def _copy(run: StageRun, probe: Probe, film: Film, height: int) -> str | None:
    sound = film.header.stream(probe.audio[probe.chosen_audio_track].stream) if probe.audio else None
    target = run.work_folder / "proxy.mp4"
    with span("decoding"):
        try:
            small_copy.make(film, sound, target, height, run.threads)
        except (MediaError, ToolError) as error:
            run.warn(f"The report has no small copy of the film to play: {error.what}")
            return None
    run.output(target.name, "proxy")
    return target.name
