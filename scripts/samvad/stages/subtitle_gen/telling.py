"""What stage 09 tells of a track in its record: figures, and warnings of what a person should look at."""

from __future__ import annotations

from collections.abc import Sequence

from samvad.documents import approvals, coverage
from samvad.documents.approvals import Approval
from samvad.documents.subtitle_check import Finding, TrackCheck
from samvad.documents.subtitles.cues import Cue
from samvad.runner.stage_run import StageRun
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen import corrections, qc
from samvad.stages.subtitle_gen.tracks import Track
from samvad.text import languages


def of_approval(run: StageRun, approval: Approval, language: str, machine: Sequence[Cue]) -> None:
    """Warn where an approved track is not, or would not be, what a person approved: no run changes it silently."""
    name, who = languages.name(language), f"{approval.by} approved the track in {languages.name(language)} on"
    who = f"{who} {approval.at[:10]}"
    path = corrections.path_of(run.job_folder, language)
    if not path.is_file():
        run.warn(f"{who}, but {path} is gone: the machine's own track in {name} is shown, which nobody approved.")
    elif not approvals.holds(run.job_folder, language, approval):
        run.warn(f"{who}, and somebody has changed it since: approve it again, or bring it back (samvad review).")
    if approvals.of_cues(machine) != approval.machine:
        run.warn(f"{who}. The machine would now write another one; the approved one is kept. samvad review has both.")


def of_rules(run: StageRun, track: Track, cues: Sequence[Cue], found: Sequence[Finding], rules: Rules) -> None:
    """Record how well a track keeps the rules, and warn of what a person should look at."""
    language = languages.name(track.language)
    run.metric(f"cues_{track.language}", len(cues), "cues")
    for name, value in qc.figures(cues, found).items():
        run.metric(f"{name}_{track.language}", value, "share" if name.startswith("within") else "")
    run.metric(f"segments_left_out_{track.language}", len(track.left_out), "segments")
    if track.left_out:
        ids = ", ".join(map(str, track.left_out[:10])) + (", …" if len(track.left_out) > 10 else "")
        run.warn(
            f"{len(track.left_out)} of {track.segments} segments have no text in {language} "
            f"and are left out of its subtitles: {ids}."
        )
    long_lines = [item.cue for item in found if item.rule == "line length"]
    if long_lines:
        run.warn(
            f"{len(long_lines)} cues in {language} have a line longer than {rules.max_line_characters} characters, "
            f"because of a word that cannot be broken: cue {long_lines[0]} is the first."
        )
    fast = [item.cue for item in found if item.rule == "reading speed"]
    if fast:
        run.warn(
            f"{len(fast)} of {len(cues)} cues in {language} are too fast to read, however they are cut; the report "
            f"marks them: cue {fast[0]} is the first."
        )
    if not cues:
        run.warn(f"The subtitles in {language} are empty: nothing was said, or nothing that is to be shown.")


def of_worth(run: StageRun, language: str, check: TrackCheck, missing: Sequence[coverage.Gap]) -> None:
    """Record what a track is worth, and warn of speech without text and of doubtful translations."""
    found = check.headline
    if found is None:
        return
    run.metric(f"coverage_{language}", found.coverage, "share of speech")
    run.metric(f"sure_{language}", found.sure, "probability")
    run.metric(f"doubtful_{language}", found.doubtful, "cues")
    run.metric(f"shown_as_said_{language}", found.as_said, "cues")
    if missing and found.cues:
        seconds = sum(gap.speech_ms for gap in missing) / 1000
        run.warn(
            f"{seconds:.1f} of {found.speech_seconds:.1f} s of speech have no text in {languages.name(language)}: "
            f"{coverage.in_words(missing)}. The report marks them."
        )
    if found.doubtful:
        shown = f", {found.as_said} of them show what was said" if found.as_said else ""
        run.warn(
            f"{found.doubtful} of {found.cues} cues in {languages.name(language)} have a doubtful translation"
            f"{shown}: cue {check.doubts[0].cue} is the first."
        )
