"""Stage 09: cut the film's text into cues that keep the rules, and write subtitle files."""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import sys
from fractions import Fraction
from typing import Any

from samvad import files, languages, segments
from samvad.stage_run import StageRun, run_stage, stage_parser
from samvad.subtitles import formats, rules
from samvad.subtitles.tracks import Track, languages_of_tracks, make_track

log = logging.getLogger(__name__)

_UNITS = {"line length": "characters", "reading speed": "characters/s", "duration": "ms", "gap": "ms"}


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = stage_parser("subtitle_gen", "Cut the film's text into cues and lines, and write subtitle files.")
    made.add_argument("--languages", nargs="+", required=True, metavar="LANG", help="targets of the film: hi en …")
    made.add_argument("--formats", nargs="+", choices=("srt", "vtt"), required=True, help="files to write")
    made.add_argument("--max-line-characters", type=int, required=True, help="code points in a line")
    made.add_argument("--max-lines", type=int, required=True, help="lines in a cue")
    made.add_argument("--reading-speed-cps", type=float, required=True, help="characters a second")
    made.add_argument("--min-cue-ms", type=int, required=True, help="shortest cue in milliseconds")
    made.add_argument("--max-cue-ms", type=int, required=True, help="longest cue in milliseconds")
    made.add_argument("--min-gap-frames", type=int, required=True, help="frames between two cues")
    return made


def frame_rate(probe: dict[str, Any]) -> Fraction:
    """Return the film's frames a second, or those of cinema film where it has no video or says nonsense."""
    video = probe["video"]
    if not video or not video["frame_rate_numerator"] or not video["frame_rate_denominator"]:
        return rules.FILM_FRAME_RATE
    rate = Fraction(video["frame_rate_numerator"], video["frame_rate_denominator"])
    # Containers without a rate report their clock instead (1000 or 90000), and slide shows one frame in seconds.
    return rate if 10 <= rate <= 120 else rules.FILM_FRAME_RATE


def rules_for(options: argparse.Namespace, rate: Fraction) -> rules.Rules:
    """Return the rules that the options ask for, with gaps in milliseconds."""
    return rules.Rules(
        max_line_characters=options.max_line_characters,
        max_lines=options.max_lines,
        reading_speed_cps=options.reading_speed_cps,
        min_cue_ms=options.min_cue_ms,
        max_cue_ms=options.max_cue_ms,
        gap_ms=rules.frames_ms(options.min_gap_frames, rate),
        flicker_ms=rules.frames_ms(max(rules.FLICKER_FRAMES, options.min_gap_frames), rate),
    )


def write_track(run: StageRun, track: Track, wanted: list[str]) -> dict[str, Any]:
    """Write a track's files and return its entry for ``tracks.json``."""
    names = {kind: f"{run.film}.{track.language}.{kind}" for kind in wanted}
    for kind, name in names.items():
        files.write_text(run.output(name, f"{kind}_{track.language}"), formats.WRITERS[kind](track.cues))
    return {
        "language": track.language,
        "translated": track.translated,
        "cues": len(track.cues),
        "files": names,
    }


def report(run: StageRun, track: Track, limits: rules.Rules) -> list[dict[str, Any]]:
    """Record how well a track keeps the rules, warn of what a person should look at, and return the breaches."""
    found = rules.breaches(track.cues, limits)
    run.metric(f"cues_{track.language}", len(track.cues), "cues")
    for rule, share in rules.shares_within(len(track.cues), found).items():
        run.metric(f"within_{rule.replace(' ', '_')}_{track.language}", share, "share")
    language = languages.name(track.language)
    if track.left_out:
        ids = ", ".join(map(str, track.left_out[:10])) + (", …" if len(track.left_out) > 10 else "")
        run.warn(
            f"{len(track.left_out)} of {track.segments} segments have no text in {language} "
            f"and are left out of its subtitles: {ids}."
        )
    run.metric(f"segments_left_out_{track.language}", len(track.left_out), "segments")
    long_lines = [item.cue for item in found if item.rule == "line length"]
    if long_lines:
        run.warn(
            f"{len(long_lines)} cues in {language} have a word longer than a line "
            f"({limits.max_line_characters} characters), which is kept whole: cue {long_lines[0]} is the first."
        )
    if not track.cues:
        run.warn(f"The subtitles in {language} are empty: nothing was said, or nothing that is to be shown.")
    return [{**dataclasses.asdict(item), "unit": _UNITS[item.rule]} for item in found]


def work(run: StageRun, options: argparse.Namespace) -> None:
    """Write the tracks of all target languages."""
    probe = json.loads(run.read(options.demux, "probe").read_text(encoding="utf-8"))
    document = segments.read(run.read(options.segments, "segments"))
    rate = frame_rate(probe)
    limits = rules_for(options, rate)
    log.info("Rules at %.3f frames/s: %s", rate, limits)
    made, without = languages_of_tracks(document, options.languages)
    for target in without:
        run.warn(
            f"Nothing of the film has text in {languages.name(target)}: translation is off or gave none, "
            f"so there are no subtitles in {languages.name(target)}."
        )
    tracks, problems = [], {}
    for language in made:
        track = make_track(document, language, limits)
        problems[language] = report(run, track, limits)
        tracks.append(write_track(run, track, list(dict.fromkeys(options.formats))))
    run.fact("frame_rate", float(rate))
    run.fact("rules", dataclasses.asdict(limits))
    run.fact("breaches", problems)
    files.write_json(run.output("tracks.json", "tracks"), {"schema_version": "1.0", "tracks": tracks})


def main(argv: list[str] | None = None) -> int:
    """Run the stage."""
    return run_stage("subtitle_gen", parser(), work, argv)


if __name__ == "__main__":
    sys.exit(main())
