"""Check subtitle files against a broadcaster's rules: every rule, every cue, whoever made the file."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from samvad.core import console, typed_json
from samvad.core.errors import ConfigurationError, SamvadError
from samvad.core.times import clock
from samvad.documents import segments
from samvad.documents import shots as shots_document
from samvad.documents.subtitle_check import Finding, TrackCheck
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from samvad.media import shots
from samvad.settings import subtitle_profiles
from samvad.settings.subtitle_rules import FILM_FRAME_RATE
from samvad.stages.subtitle_gen import checking, qc, speech
from samvad.text import languages

#: The environment that the command runs in.
ENVIRONMENT = "media"

#: What the command ends with when a file breaks a rule whose breach is an error.
BREACHES = 1


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        description=__doc__,
        epilog="Exit codes: 0 no rule is broken whose breach is an error, 1 one is, 2 configuration, "
        "3 a file cannot be read.",
    )
    made.add_argument("files", type=Path, nargs="+", metavar="FILE", help=".srt, .vtt, .ass or .ttml")
    made.add_argument(
        "--profile", default="netflix", help="netflix (default), netflix-sdh, children, bbc, or a YAML file"
    )
    made.add_argument("--language", help="language of the text; default: what stands in the name, as in film.hi.srt")
    made.add_argument("--video", type=Path, help="the film: for its frame rate and shot changes")
    made.add_argument(
        "--frame-rate", type=Fraction, metavar="N[/N]", help="frames a second; default: the film's, or 24"
    )
    made.add_argument("--shots", type=Path, help="shots.json of stage 01, in place of looking through --video")
    made.add_argument("--words", type=Path, help="segments.json with word times: in-times are checked against them")
    made.add_argument("--format", choices=("text", "json"), default="text", help="how to print what is found")
    made.add_argument("--strict", action="store_true", help="end with 1 for warnings, too")
    made.add_argument("--quiet", action="store_true", help="print the figures only, not every breach")
    return made


def language_of(path: Path, given: str | None) -> str:
    """Return the language of a file: the one given, or the one in its name.

    Raises:
        ConfigurationError: there is neither.
    """
    if given:
        return languages.normalise(given, "--language")
    parts = path.name.split(".")
    if len(parts) >= 3:
        return languages.normalise(parts[-2], f"the name of {path}")
    raise ConfigurationError(f"The language of {path} is not known.", "Give it, such as --language hi.")


def shots_for(options: argparse.Namespace) -> list[int] | None:
    """Return the film's shot changes in ms, or None where none are to be known."""
    if options.shots:
        return list(shots_document.read(options.shots).cuts_ms)
    return shots.of_film(options.video) if options.video else None


@dataclass(frozen=True)
class FileCheck:
    """The check of a file.

    Attributes:
        figures: what is read in it.
        shots: whether the film's shot changes were known.
        first_words: whether the times of its words were known.
    """

    file: str
    profile: str
    check: TrackCheck
    figures: dict[str, float]
    shots: bool
    first_words: bool
    cues: tuple[Cue, ...]

    def as_json(self) -> dict[str, object]:
        """Return it as JSON values, as the command prints it."""
        return {
            "file": self.file,
            "profile": self.profile,
            **typed_json.plain(self.check),
            "figures": self.figures,
            "checked": {"shots": self.shots, "first_words": self.first_words},
            "times": [[cue.start_ms, cue.end_ms] for cue in self.cues],
            "texts": [cue.text for cue in self.cues],
        }


def check_file(path: Path, options: argparse.Namespace, rate: Fraction, cuts: list[int] | None) -> FileCheck:
    """Return the check of a file."""
    language = language_of(path, options.language)
    rules = subtitle_profiles.load(options.profile).rules(language, rate)
    cues = formats.read(path).cues
    said = speech.times_of(cues, segments.read(options.words), language) if options.words else None
    found = checking.check(cues, rules, checking.Context(cuts, said))
    return FileCheck(
        file=str(path),
        profile=options.profile,
        check=qc.track_check(cues, rules, found),
        figures={name: round(value, 4) for name, value in qc.figures(cues, found).items()},
        shots=cuts is not None,
        first_words=said is not None,
        cues=tuple(cues),
    )


def as_text(checked: FileCheck, *, quiet: bool) -> str:
    """Return a check as text for people."""
    check, figures = checked.check, checked.figures
    counted = f"{figures['characters']:.0f} code points, {figures['graphemes']:.0f} graphemes"
    lines = [f"{checked.file}: {check.cues} cues in {languages.name(check.language)}, {counted}"]
    lines.append(f"Profile {checked.profile} at {check.limits['frame_rate']:.3f} frames/s")
    if not quiet:
        lines += [_finding(item, checked.cues[item.cue - 1]) for item in check.findings]
    lines.append(f"{'rule':18}{'kept by':>9}  {'':8}source")
    broken = {item.rule for item in check.findings}
    for rule in check.rules:
        share = f"{100 * check.within[rule.rule]:.1f} %"
        level = rule.level if rule.rule in broken else ""
        lines.append(f"{rule.rule:18}{share:>9}  {level:8}{rule.source}{_unchecked(rule.rule, checked)}")
    for name in ("hard but speed", "hard", "all rules"):
        lines.append(f"{name:18}{100 * check.within[name]:>7.1f} %")
    return "\n".join(lines)


def _finding(item: Finding, cue: Cue) -> str:
    times = f"{clock(max(0, cue.start_ms))} --> {clock(max(0, cue.end_ms))}"
    return f"{item.cue:5}  {times}  {item.level:8}{item.rule}: {item.message}"


def _unchecked(rule: str, checked: FileCheck) -> str:
    if "shot" in rule and not checked.shots:
        return " (not checked: no --video)"
    return " (not checked: no --words)" if rule == "first word" and not checked.first_words else ""


def passed(checks: list[FileCheck], *, strict: bool) -> bool:
    """Say whether no rule is broken whose breach counts."""
    levels = {item.level for checked in checks for item in checked.check.findings}
    return not (levels if strict else levels & {"error"})


def rules_rate(options: argparse.Namespace) -> Fraction:
    """Return the frame rate to check by."""
    if options.frame_rate:
        return Fraction(options.frame_rate)
    return (shots.frame_rate(options.video) if options.video else None) or FILM_FRAME_RATE


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    try:
        rate, cuts = rules_rate(options), shots_for(options)
        checks = [check_file(path, options, rate, cuts) for path in options.files]
    except SamvadError as error:
        console.complain("samvad check", error)
        return error.exit_code if error.exit_code > BREACHES else 2
    if options.format == "json":
        print(json.dumps([check.as_json() for check in checks], ensure_ascii=False, indent=2))
    else:
        print("\n\n".join(as_text(check, quiet=options.quiet) for check in checks))
    return 0 if passed(checks, strict=options.strict) else BREACHES
