"""Stage 01: find the streams of a film, choose its audio track, extract 16 kHz mono audio for recognition."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from pathlib import Path

from samvad.core import checksums
from samvad.core.errors import MediaError, SamvadError, ToolError
from samvad.documents import probe as probe_document
from samvad.documents import provenance
from samvad.media import film_file, film_headers, mp4_kinds
from samvad.runner.stage_process import run_stage
from samvad.runner.stage_run import StageRun
from samvad.stages.demux import existing
from samvad.stages.demux.options import STAGE, Options

#: Bytes up to which a film that is refused is hashed nevertheless: some ten seconds.
_HASHED_AT_ONCE = 4 << 30


def work(run: StageRun, options: Options) -> None:
    """Probe, choose, extract; write ``audio.wav`` and ``probe.json``."""
    film = options.media.absolute()
    try:
        facts = None
        if options.address:
            from samvad.media import fetched

            facts = fetched.fetch(options.address, film)
        film_file.check(film, "Correct the column media of the film sheet.")
        run.hold(film, "film")
        known = existing.plan(run, film, options)
        run.used(**{name: provenance.tool_version(name) for name in ("ffmpeg", "ffprobe")})
        if options.becomes == "mp4":  # stage 10 would say so after hours of work
            mp4_kinds.check(film_headers.read(film), str(film))
        checksum = checksums.remembered(film)
        if checksum is None or not reused(run, film, checksum, known):
            from samvad.stages.demux import making

            making.make(run, film, checksum, options, known)
    except (MediaError, ToolError):
        note_refused(run, film)
        raise
    describe_film(run)
    if facts:
        run.came_from("media", options.address, facts.fingerprint)
        run.metadata("fetched_from", {"address": options.address, **dataclasses.asdict(facts)})


def note_refused(run: StageRun, film: Path) -> None:
    """Record a film that is refused before it was hashed: a record is to tell which film that was.

    A large one would be read from end to end for that alone.
    """
    with contextlib.suppress(SamvadError, OSError):  # the refusal is what is told
        if not run.has_read("film") and film.is_file() and film.stat().st_size <= _HASHED_AT_ONCE:
            run.add_external_input(film, "film")


def reused(run: StageRun, film: Path, checksum: str, known: existing.Plan) -> bool:
    """Look for what was made of the same film before, with the same subtitles beside it where these are wanted."""
    run.add_external_input(film, "film", checksum=checksum)
    return run.reuse(**known.told())


def describe_film(run: StageRun) -> None:
    """Put the film's facts, found now or before, beside its checksum in the manifest."""
    run.describe("film", probe_document.read(run.work_folder / "probe.json").media)


def main(argv: list[str] | None = None) -> int:
    """Run the stage."""
    return run_stage(STAGE, work, argv)


if __name__ == "__main__":
    sys.exit(main())
