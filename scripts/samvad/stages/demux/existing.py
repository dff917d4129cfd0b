"""Subtitles that the film has already: which of them are taken, and what they say, for stage 04."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from samvad.core.errors import MediaError, MissingToolError, ToolError
from samvad.documents import beside_files, existing_subtitles, provenance
from samvad.documents.existing_subtitles import IGNORE, ExistingSubtitles
from samvad.logs.spans import span
from samvad.runner.stage_run import StageRun
from samvad.stages.demux.options import Options

# Most films' own subtitles are not wanted: what finds and reads them is imported where they are.
if TYPE_CHECKING:
    from samvad.media.clock import Film
    from samvad.media.existing.found import Existing

#: Words of OCR that it is less sure of than this, 0 to 100, at the mean, are to be read with care.
_UNSURE = 80


@dataclass(frozen=True)
class Plan:
    """What is to be read.

    Attributes:
        there: all subtitles that the film has already.
        taken: those that are read; None where none can be, or none are wanted.
        spoken: short codes of the languages in which they are looked for.
    """

    there: tuple[Existing, ...] = ()
    taken: Existing | None = None
    spoken: tuple[str, ...] = ()

    def told(self) -> dict[str, list[str]]:
        """Return what the stage's result says of subtitles that it does not read: there may be others another time."""
        return {"existing_subtitles": [item.told() for item in self.there]} if self.there else {}


def plan(run: StageRun, film: Path, options: Options) -> Plan:
    """Look which subtitles a film has, where they are wanted, and record the file that will be read.

    Raises:
        MediaError: ffprobe cannot read the film, or no track has the number that is asked for.
    """
    if options.existing == IGNORE:
        return Plan()
    from samvad.media import film_headers
    from samvad.media.existing import found, ocr
    from samvad.stages.demux import probe, tracks

    header = film_headers.read(film)
    above = run.job_folder.absolute().parents
    there = found.look(film, header, beside_files.of_all(above[4]) if len(above) > 4 else ())
    spoken = options.languages
    if not spoken:
        asked = None if options.audio_track == "auto" else options.audio_track
        track = tracks.choose(probe.probe(film, header).audio, (), asked, str(film)).track
        spoken = (track.language,) if track.language else ()
    taken = found.choice(there, spoken, bitmaps=options.ocr)
    if taken is not None and taken.path is not None:
        run.add_external_input(taken.path, "existing_subtitles")
    if taken is not None and taken.kind == "bitmap":
        if missing := ocr.lacking([taken.language or ""]):
            what, _, remedy = missing.partition(". ")
            raise MissingToolError(f"{what}.", remedy)
        run.used(tesseract=provenance.tool_version("tesseract"))
    return Plan(there, taken, spoken)


def write(run: StageRun, film: Film, known: Plan, options: Options) -> None:
    """Write what the subtitles say that are taken, and say which there are, and why none is taken where none is."""
    if options.existing == IGNORE:
        return
    from samvad.media.existing import texts
    from samvad.text import languages

    run.metadata("existing_subtitles", [item.told() for item in known.there])
    if known.taken is None:
        wanted = " or ".join(map(languages.name, known.spoken)) or "a language that anybody names"
        there = "; ".join(item.told() for item in known.there) or "none at all"
        run.warn(
            f"The film has no subtitles in {wanted} that could be taken (there are: {there}): "
            "what is recognised stands."
        )
        return
    try:
        with span("reading"), tempfile.TemporaryDirectory(dir=run.work_folder, prefix="pictures-") as folder:
            cues = texts.read(film, known.taken, Path(folder))
    except (MediaError, ToolError) as error:
        run.warn(f"The subtitles that the film has cannot be taken: {error} What is recognised stands.")
        return
    if not cues:
        run.warn(f"The subtitles that the film has say nothing ({known.taken.told()}): what is recognised stands.")
        return
    is_read = known.taken.kind == "bitmap"
    made = ExistingSubtitles(
        use=options.existing,
        source=known.taken.told(),
        language=known.taken.language or "und",
        ocr=is_read,
        cues=tuple(cues),
    )
    existing_subtitles.write(run.output("existing.json", "existing"), made)
    run.metric("existing_cues", len(cues), "cues")
    if is_read:
        sure = sum((cue.sure or 0) * len(cue.text) for cue in cues) / sum(len(cue.text) for cue in cues)
        run.metric("existing_ocr_sureness", round(sure, 1), "%")
        doubtful = sum((cue.sure or 0) < _UNSURE for cue in cues)
        if doubtful:
            run.warn(
                f"The film's subtitles were read by OCR, {sure:.0f} % sure of their words; of {doubtful} of "
                f"{len(cues)} cues less than {_UNSURE} %: read them with care."
            )
