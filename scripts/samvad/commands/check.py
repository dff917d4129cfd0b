"""Check subtitle files against a broadcaster's rules: every rule, every cue, whoever made the file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from samvad.commands import _parsing
from samvad.core import console
from samvad.core.errors import ConfigurationError, SamvadError
from samvad.documents import shots as shots_document
from samvad.documents.subtitles.reading import LEFT
from samvad.media import shots
from samvad.reporting.subtitle_files import checked, mended, renderings
from samvad.reporting.subtitle_files.checked import BREACHES, Asked, FileCheck
from samvad.settings.subtitle_rules import FILM_FRAME_RATE

#: The environment that the command runs in.
ENVIRONMENT = "media"


def frame_rate(text: str) -> Fraction:
    """Return a number of frames a second.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 1 <= rate <= MOST_FRAMES:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of frames a second; such as 25 or 24000/1001 are")
    return rate


#: Of things that would be missing, so many are named.
_MOST_SHOWN = 20
#: No film has more frames a second.
MOST_FRAMES = 1000


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = _parsing.Parser(
        description=__doc__,
        epilog="Exit codes, of the gravest thing found: 0 no rule is broken whose breach is an error, 1 one is, "
        "2 configuration (also a file in no language that is known), 3 a file cannot be read, or text in it is lost, "
        "6 a file cannot be written, or one of --words or --shots not be read.",
    )
    made.add_argument(
        "places",
        type=console.path,
        nargs="+",
        metavar="FILE",
        help=".srt, .vtt, .ass, .ssa, .ttml; or a folder of them",
    )
    made.add_argument(
        "--profile", default="netflix", help="netflix (default), netflix-sdh, children, bbc, or a YAML file"
    )
    made.add_argument(
        "--language",
        help="language of all texts, or two in one track: hi+en; default: what stands in each name, as in film.hi.srt",
    )
    made.add_argument("--encoding", default="", help="of all files, such as cp1252; default: what is sure of each")
    made.add_argument("--video", type=console.path, help="the film: for its frame rate and shot changes")
    made.add_argument(
        "--frame-rate", type=frame_rate, metavar="N[/N]", help="frames a second; default: the film's, or 24"
    )
    made.add_argument("--shots", type=console.path, help="shots.json of stage 09, in place of looking through --video")
    made.add_argument(
        "--words", type=console.path, help="segments.json with word times: in-times are checked against them"
    )
    made.add_argument(
        "--published", type=Path, metavar="FILE", help="a person's subtitles of the same speech: cue ends are compared"
    )
    made.add_argument(
        "--format", choices=("text", "json", "sarif", "junit"), default="text", help="how to print what is found"
    )
    made.add_argument("--json", action="store_const", const="json", dest="format", help="the same as --format json")
    made.add_argument("--strict", action="store_true", help="end with 1 for warnings, too, and for what was mended")
    made.add_argument("--quiet", action="store_true", help="print the figures only, not every breach and note")
    made.add_argument(
        "--fix",
        action="store_true",
        help="show how times, line breaks, ellipses, spaces and tags would be mended, and ask whether to write it; "
        "words never change",
    )
    made.add_argument(
        "--write", action="store_true", help="with --fix: write without asking; the original stays as FILE.orig"
    )
    return made


def asked_of(options: argparse.Namespace) -> Asked:
    """Return what files are to be checked by.

    Raises:
        SamvadError: the profile is none, or the film or its shots cannot be read.
    """
    rate = options.frame_rate or (shots.frame_rate(options.video) if options.video else None) or FILM_FRAME_RATE
    cuts = None
    if options.shots:
        cuts = list(shots_document.read(options.shots).cuts_ms)
    elif options.video:
        cuts = shots.of_film(options.video)
    asked = Asked(
        options.profile, options.language, Fraction(rate), cuts, options.words, options.encoding, options.published
    )
    asked.rules("en")  # a profile that is none is no fault of any file
    return asked


def complain(error: SamvadError) -> None:
    """Say what is wrong on the standard error."""
    console.complain("samvad check", error)


def check_all(paths: Sequence[Path], asked: Asked, options: argparse.Namespace) -> list[FileCheck]:
    """Check files, and print each as it is done; one that cannot be read stops no other."""
    checks = []
    for number, path in enumerate(paths):
        done = checked.check_file(path, asked)
        checks.append(done)
        if done.error is not None:
            complain(done.error)
        if options.format == "text" and done.reading is not None:
            print(("\n" if number else "") + renderings.as_text(done, quiet=options.quiet or options.fix), flush=True)
    return checks


def fix_all(checks: Sequence[FileCheck], options: argparse.Namespace) -> list[FileCheck]:
    """Show how files would be mended, and write that where it is wanted; return the checks of what lies there then."""
    plans: list[mended.MendedFile | None] = []
    for done in checks:
        plan = None
        try:
            plan = mended.mend(done) if done.check is not None and not done.two_languages else None
        except SamvadError as error:
            complain(error)
            done = replace(done, error=error)  # noqa: PLW2901 -- what is known of it now
        plans.append(plan)
        print("\n" + console.printable("\n".join(_plan_lines(done, plan)), lines=True))
    due = [plan for plan in plans if plan is not None]
    ask = f"\nWrite {len(due)} files, and keep the originals beside them? [y/N] "
    if not due or not (options.write or console.agreed(ask)):
        print("\nNothing is written." + (" With --write it is." if due else ""))
        return list(checks)
    for plan in due:
        kept = plan.write()
        print(console.printable(f"{plan.before.path} is written; the original is {kept.name}"))
    return [plan.after if plan is not None else done for plan, done in zip(plans, checks, strict=True)]


def _plan_lines(done: FileCheck, plan: mended.MendedFile | None) -> list[str]:
    if plan is None:
        return [f"{done.path}: nothing is mended."]
    before, after = (len(check.check.findings) if check.check else 0 for check in (plan.before, plan.after))
    left = [note for note in plan.before.reading.notes if note.kind == LEFT] if plan.before.reading else []
    lines = [*plan.difference, f"{done.path}: {before} breaches before, {after} after; {plan.changed} cues change."]
    if left:
        lines += [
            f"Of what cues cannot hold, {len(left)} would be missing:",
            *(f"  {note.said()}" for note in left[:_MOST_SHOWN]),
        ]
        lines += (
            [f"  … and {len(left) - _MOST_SHOWN} more: the check without --fix names them."]
            if left[_MOST_SHOWN:]
            else []
        )
    return lines


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    try:
        if options.write and not options.fix:
            raise ConfigurationError("--write says what to do with --fix.", "Give both.")
        if options.fix and options.format != "text":
            raise ConfigurationError("--fix shows a difference as text.", "Leave --format out.")
        paths, asked = checked.files_in(options.places), asked_of(options)
        checks = check_all(paths, asked, options)
        if options.fix:
            checks = fix_all(checks, options)
    except SamvadError as error:
        complain(error)
        return error.exit_code if error.exit_code > BREACHES else ConfigurationError.exit_code
    code = checked.worst(checks, strict=options.strict)
    if options.format == "json":
        print(renderings.as_json(checks))
    elif options.format == "sarif":
        print(renderings.as_sarif(checks, code))
    elif options.format == "junit":
        print(renderings.as_junit(checks))
    elif len(checks) > 1:
        print("\n" + renderings.summary(checks))
    return code
