"""The tracks that stage 09 made, as the film is to have them, and the fonts that they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from samvad.core import files
from samvad.documents import tracks as tracks_document
from samvad.documents.subtitles import fonts, formats
from samvad.runner.stage_run import StageRun
from samvad.stages.mux import cues, installed_fonts, plan
from samvad.text import languages


def read(run: StageRun, wanted: Sequence[str], kind: str, duration_ms: int) -> list[plan.Subtitles]:
    """Return the tracks of stage 09 in the order of the targets.

    Args:
        run: the stage.
        wanted: the film's targets, in order.
        kind: ``srt`` or ``ass``; a track that stage 09 wrote in another format is turned into it.
        duration_ms: how long the film is: cues after its end are left out, and told.
    """
    document = tracks_document.read(run.read("subtitle_gen", "tracks"))
    tracks = []
    for item in document.tracks:
        path, count = _file(run, item.files, item.language, item.language, kind, duration_ms)
        tracks.append(plan.Subtitles(item.language, item.translated, count, path, item.hearing_impaired))
        if not count:
            run.warn(f"The subtitle track in {languages.name(item.language)} is empty.")
    further = []
    for more in document.further:
        path, count = _file(run, more.files, more.key, more.language, kind, duration_ms)
        if count:
            track = plan.Subtitles(more.language, False, count, path, more.hearing_impaired, further=True)
            further.append(replace(track, forced=more.forced, second=more.second))
    for language in wanted:
        if language not in {track.language for track in tracks}:
            run.warn(f"Stage 09 made no subtitles in {languages.name(language)}, so the film gets none.")
    return plan.in_wanted_order(tracks, wanted) + further


def _file(
    run: StageRun, made: Mapping[str, str], key: str, language: str, kind: str, duration_ms: int
) -> tuple[Path, int]:
    """Return the file of a track as the film is to have it, and how many cues it has."""
    written = kind if kind in made else next(iter(made), kind)
    path = run.read("subtitle_gen", f"{written}_{key}")
    held = formats.read(path).cues
    shown, faults = cues.within(held, duration_ms)
    if faults:
        run.warn(f"Cues in {languages.name(language)} do not fit the film: {cues.told(faults)}.")
    if written != kind or shown != list(held):
        path = run.work_folder / f"{path.stem}.{kind}"
        files.write_text(path, formats.write(kind, shown, language))
    return path, len(shown)


def fonts_for(run: StageRun, tracks: Sequence[plan.Subtitles]) -> list[Path]:
    """Return the font files that the tracks need and whose licences let them travel with a film; warn of others."""
    found: dict[str, Path] = {}
    for track in tracks:
        texts = [cue.text for cue in formats.read(track.path).cues]
        family = fonts.family_for(texts)
        font = installed_fonts.find(family)
        if font is None:
            run.warn(f"The font {family} is not installed, so it is not attached: players take one of their own.")
            continue
        if not font.may_travel:
            run.warn(f"The licence of {font.path.name} does not let it travel with a film: it is not attached.")
            continue
        missing = {character for text in texts for character in text if ord(character) not in font.advances}
        missing = {character for character in missing if character.isalpha()}
        if missing:
            run.warn(f"{font.path.name} lacks {len(missing)} of the letters: {''.join(sorted(missing)[:10])}.")
        found[family] = font.path
    return list(found.values())


def to_burn(tracks: Sequence[plan.Subtitles], choice: str, default: int | None) -> plan.Subtitles | None:
    """Return the track that is to be drawn into the picture, or None where there is none.

    Args:
        tracks: in order.
        choice: ``none``; ``default``, the track that players show by themselves, or the first; or a language.
        default: number of the track that players show by themselves.
    """
    shown = [track for track in tracks if track.cues]
    if choice == "none" or not shown:
        return None
    if choice == "default":
        return tracks[default] if default is not None else shown[0]
    return next((track for track in shown if track.language == choice), None)
