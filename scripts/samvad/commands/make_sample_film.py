"""Make the sample film and the truth about it, from nothing, with espeak-ng and ffmpeg."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from samvad.commands import _parsing
from samvad.core import console, files
from samvad.core.errors import ConfigurationError, MissingToolError, SamvadError

#: The environment that the command runs in.
ENVIRONMENT = "media"


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = _parsing.Parser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    made.add_argument(
        "--output", type=console.path, required=True, help="the film to write (.mp4); replaced when it is there"
    )
    made.add_argument(
        "--truth", type=console.path, required=True, help="the JSON to write: lines, cuts, sounds, with times"
    )
    return made


def make(output: Path, truth: Path) -> None:
    """Write the film and its truth, each of them whole or not at all.

    Raises:
        ConfigurationError: ``output`` is not named .mp4, or both are one file.
        DiskError: a folder cannot be written.
        ToolError: espeak-ng or ffmpeg is missing (MissingToolError) or has failed.
    """
    from samvad.sample import picture, sound, story

    if output.suffix.lower() != ".mp4":
        raise ConfigurationError(f"--output {output} is not named .mp4.", "Give a name that ends in .mp4.")
    if output.resolve() == truth.resolve():
        raise ConfigurationError("--output and --truth name one file.", "Give two names.")
    for program in ("espeak-ng", "ffmpeg"):
        if shutil.which(program) is None:
            raise MissingToolError(f"{program} is not installed.", f"Install it (on Debian: apt install {program}).")
    with files.disk_errors(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        # The working folder lies beside the film, so that the finished film can be renamed into its place.
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.stem}.") as name:
            folder = Path(name)
            spoken = sound.spoken_lines([item for item in story.STORY if isinstance(item, story.Line)], folder)
            lengths_ms = {line: sound.duration_ms(samples) for line, samples in spoken.items()}
            timeline = story.place(story.STORY, lengths_ms)
            sound.write_wav(sound.mix(timeline, spoken), folder / "sound.wav")
            picture.encode(timeline, folder / "sound.wav", folder / "film.mp4", folder)
            files.move_into_place(folder / "film.mp4", output)
    files.write_json(truth, story.truth(timeline, output.name))


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    try:
        make(options.output, options.truth)
    except SamvadError as error:
        console.complain("samvad make-sample-film", error)
        tail = getattr(error, "stderr_tail", "")
        if tail:
            print(tail.strip(), file=sys.stderr)
        return error.exit_code
    print(f"{options.output}: made, with the truth in {options.truth}")
    return 0
