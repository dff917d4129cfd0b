"""What was found in subtitle files, as text for people, as JSON, and for machines that gather such: SARIF and JUnit."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from samvad import __version__
from samvad.core.console import printable
from samvad.core.times import clock
from samvad.documents.subtitle_check import Finding
from samvad.documents.subtitles.cues import Cue
from samvad.documents.subtitles.reading import LEFT, LOST, MENDED
from samvad.reporting.subtitle_files.checked import FileCheck
from samvad.stages.subtitle_gen.checking import RULES
from samvad.stages.subtitle_gen.objections import KINDS
from samvad.text import languages

#: How grave each kind of note is, in SARIF's words.
_LEVELS = {LOST: "error", MENDED: "warning", LEFT: "note"}
_NOTES = {
    LOST: "Text or times that stand in the file are not among its cues",
    MENDED: "It was broken, and read by a repair that is sure",
    LEFT: "No player shows it, or cues cannot hold it",
}
_UNREADABLE = "unreadable"


def as_text(checked: FileCheck, *, quiet: bool) -> str:
    """Return a check as text for people.

    Args:
        checked: the check.
        quiet: whether the single breaches and notes are left out.
    """
    return printable("\n".join([*_head(checked), *_body(checked, quiet=quiet)]), lines=True)


def _head(checked: FileCheck) -> list[str]:
    name = printable(checked.path)
    if checked.reading is None:
        return [f"{name}: cannot be read"]
    if checked.check is None or checked.figures is None:
        return [f"{name}: {len(checked.cues)} cues, not checked: {checked.error}"]
    check, figures = checked.check, checked.figures
    counted = f"{figures['characters']:.0f} code points, {figures['graphemes']:.0f} graphemes"
    return [
        f"{name}: {check.cues} cues in {languages.name(check.language)}, {counted}",
        f"Profile {checked.asked.profile} at {check.limits['frame_rate']:.3f} frames/s",
    ]


def _body(checked: FileCheck, *, quiet: bool) -> list[str]:
    lines = []
    if checked.reading is not None:
        notes = checked.reading.notes
        counts = {kind: sum(note.kind == kind for note in notes) for kind in _NOTES}
        encoding = checked.reading.encoding
        lines += [f"Read as {encoding}, not as UTF-8"] if encoding != "utf-8" else []
        lines += [] if quiet else [note.said() for note in notes]
        if any(counts.values()):
            lines.append("Not read as it stands: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))
        lines += [checked.fails_to_read] if checked.fails_to_read else []
    if checked.check is None or not checked.cues:
        return lines  # where there are no cues, all of them keep every rule
    check = checked.check
    if not quiet:
        told = sorted([*check.findings, *check.objections], key=lambda item: item.cue)
        lines += [_finding(item, checked.cues[item.cue - 1]) for item in told]
    lines.append(f"{'rule':18}{'kept by':>9}  {'':8}source")
    broken = {item.rule for item in check.findings}
    for rule in check.rules:
        share = f"{100 * check.within[rule.rule]:.1f} %"
        level = rule.level if rule.rule in broken else ""
        lines.append(f"{rule.rule:18}{share:>9}  {level:8}{rule.source}{_unchecked(rule.rule, checked)}")
    for name in ("hard but speed", "hard", "all rules"):
        lines.append(f"{name:18}{100 * check.within[name]:>7.1f} %")
    lines.append("Beside the rules, what a person would object to:")
    lines += [f"{kind:18}{count:>5} cues  {KINDS[kind]}" for kind, count in check.objected.items()]
    if checked.agreement is not None:
        lines.append(
            f"Cue ends in common with {printable(checked.asked.published or '')}: F1 {checked.agreement.f1:.3f} "
            f"({checked.agreement.both} of {checked.agreement.ours} and {checked.agreement.theirs}, among "
            f"{checked.agreement.words} of {checked.agreement.all_words} words)"
        )
    return lines


def _finding(item: Finding, cue: Cue) -> str:
    times = f"{clock(max(0, cue.start_ms))} --> {clock(max(0, cue.end_ms))}"
    return f"{item.cue:5}  {times}  {item.level:8}{item.rule}: {printable(item.message)}"


def _unchecked(rule: str, checked: FileCheck) -> str:
    if "shot" in rule and checked.asked.shots is None:
        return " (not checked: no --video)"
    return " (not checked: no --words)" if rule == "first word" and checked.asked.words is None else ""


def summary(checks: Sequence[FileCheck]) -> str:
    """Return a line on several files."""
    broken = sum(checked.check is not None and bool(checked.check.findings) for checked in checks)
    unread = sum(bool(checked.fails_to_read) for checked in checks)
    unchecked = sum(checked.check is None and checked.reading is not None for checked in checks)
    notes = sum(len(checked.reading.notes) for checked in checks if checked.reading)
    return (
        f"{len(checks)} files: {broken} break rules, {unread} cannot be read or lose text, {unchecked} in no language "
        f"that is known, {notes} notes on what was not read as it stands"
    )


def as_json(checks: Sequence[FileCheck]) -> str:
    """Return checks as JSON: a list, an object for each file."""
    return json.dumps([checked.as_json() for checked in checks], ensure_ascii=False, indent=2)


def as_sarif(checks: Sequence[FileCheck], exit_code: int) -> str:
    """Return checks in the Static Analysis Results Interchange Format 2.1.0 (OASIS), a result for each finding."""
    described = {_identifier(rule): f"A rule of the subtitle profile: {rule}" for rule in RULES}
    described |= {_identifier(kind): f"A person would object: {text}" for kind, text in KINDS.items()}
    described |= {_identifier(kind): text for kind, text in _NOTES.items()}
    described[_UNREADABLE] = "The file cannot be read or checked"
    run = {
        "tool": {
            "driver": {
                "name": "samvad check",
                "version": __version__,
                "rules": [{"id": name, "shortDescription": {"text": text}} for name, text in described.items()],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": exit_code <= 1, "exitCode": exit_code}],
        "artifacts": [{"location": {"uri": uri}} for uri in dict.fromkeys(_uri(checked.path) for checked in checks)],
        "results": [result for checked in checks for result in _results(checked)],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"version": "2.1.0", "$schema": schema, "runs": [run]}, ensure_ascii=False, indent=2)


def _results(checked: FileCheck) -> list[dict[str, object]]:
    made = []
    if checked.error is not None:
        made.append(_result(checked.path, _UNREADABLE, "error", 0, str(checked.error)))
    elif checked.fails_to_read and not checked.cues:
        made.append(_result(checked.path, _UNREADABLE, "error", 0, checked.fails_to_read))
    if checked.reading is not None:
        for note in checked.reading.notes:
            made.append(_result(checked.path, _identifier(note.kind), _LEVELS[note.kind], note.line, note.said()))
    found = (*checked.check.findings, *checked.check.objections) if checked.check else ()
    for item in found:
        line = checked.cues[item.cue - 1].file_line
        made.append(_result(checked.path, _identifier(item.rule), item.level, line, f"cue {item.cue}: {item.message}"))
    return made


def _result(path: Path, rule: str, level: str, line: int, message: str) -> dict[str, object]:
    place: dict[str, object] = {"artifactLocation": {"uri": _uri(path)}}
    if line:
        place["region"] = {"startLine": line}
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": printable(message)},
        "locations": [{"physicalLocation": place}],
    }


def _identifier(rule: str) -> str:
    return rule.replace(" ", "-")


def _uri(path: Path) -> str:
    """Return a path as a reference: relative below the working folder, as machines that gather them expect."""
    whole = Path(os.path.abspath(path))  # noqa: PTH100 -- a link stays itself: nobody named what it leads to
    try:
        return quote(os.fsencode(whole.relative_to(Path.cwd())))
    except ValueError:
        return f"file://{quote(os.fsencode(whole))}"


def as_junit(checks: Sequence[FileCheck]) -> str:
    """Return checks as JUnit's XML: a suite for each file, in it a case for reading it and one for each rule."""
    suites = ET.Element("testsuites", name="samvad check")
    totals = {"tests": 0, "failures": 0, "errors": 0}
    for checked in checks:
        suite = ET.SubElement(suites, "testsuite", name=printable(checked.path))
        counts = _cases(suite, checked)
        for name, count in counts.items():
            suite.set(name, str(count))
            totals[name] += count
    for name, count in totals.items():
        suites.set(name, str(count))
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode")


def _cases(suite: ET.Element, checked: FileCheck) -> dict[str, int]:
    """Add a file's cases to its suite; return how many there are, and how many went wrong."""
    name = printable(checked.path)
    case = ET.SubElement(suite, "testcase", classname=name, name="read")
    counts = {"tests": 1, "failures": 0, "errors": 0}
    why = str(checked.error) if checked.error else checked.fails_to_read
    if why:
        error = ET.SubElement(case, "error", message=printable(why), type=_UNREADABLE)
        lost = checked.reading.lost if checked.reading else ()
        error.text = "\n".join(f"{name}: {note.said()}" for note in lost)
        counts["errors"] += 1
    others = [note for note in checked.reading.notes if note.kind != LOST] if checked.reading else []
    if others:
        ET.SubElement(case, "system-out").text = "\n".join(f"{name}: {note.said()}" for note in others)
    for rule in checked.check.rules if checked.check else ():
        case = ET.SubElement(suite, "testcase", classname=name, name=rule.rule)
        counts["tests"] += 1
        found = [item for item in checked.check.findings if item.rule == rule.rule] if checked.check else []
        if not found:
            continue
        texts = [f"{name}:{checked.cues[item.cue - 1].file_line}: cue {item.cue}: {item.message}" for item in found]
        if rule.level == "error":
            failure = ET.SubElement(case, "failure", message=f"{len(found)} breaches", type=rule.level)
            failure.text = printable("\n".join(texts), lines=True)
            counts["failures"] += 1
        else:
            ET.SubElement(case, "system-out").text = printable("\n".join(texts), lines=True)
    return counts
