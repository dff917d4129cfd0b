"""Collect the phrases that a Whisper model makes up where nobody speaks, as a list for hallucination.phrases.

The model hears noises, tones and music that are made for it, and recordings of your own if you have any: room tone of
the films in hand, their music without voices. Nobody may speak in them. Every sentence that it writes for two sounds or
more is listed. Read the list before you use it: a phrase counts only beside another sign, but counts.
"""

from __future__ import annotations

import argparse

from samvad.commands import _parsing
from samvad.core import console, files
from samvad.core.errors import ConfigurationError, DiskError, SamvadError
from samvad.models import weights
from samvad.models.whisper import Whisper
from samvad.sample import harvest
from samvad.text import languages

#: The environment that the command runs in.
ENVIRONMENT = "asr"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    result = _parsing.Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--language", required=True, help="language that the model is told it hears, such as hi")
    result.add_argument("--output", type=console.path, required=True, help="the list to write; it must not exist yet")
    result.add_argument("--model", default="base", help="as the key asr.model")
    result.add_argument("--revision", default="", help="as the key asr.revision")
    result.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="as the key asr.device")
    result.add_argument("--seeds", type=int, default=3, help="how many sounds of each kind are made (29 kinds of 10 s)")
    result.add_argument(
        "--sounds", type=console.path, nargs="*", default=[], help="your own recordings, or folders of them"
    )
    result.add_argument("--least", type=int, default=2, help="in how many sounds a phrase must come to be listed")
    result.add_argument("--batch-size", type=int, default=8, help="sounds decoded at once")
    return result


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = parser().parse_args(argv)
    try:
        print(write_list(options))
    except SamvadError as error:
        console.complain("samvad harvest-phrases", error)
        return error.exit_code
    except OSError as error:
        console.complain("samvad harvest-phrases", error)
        return DiskError.exit_code
    return 0


def write_list(options: argparse.Namespace) -> str:
    """Harvest and write the list; return what was done, in words.

    Raises:
        SamvadError: an option, a file or the model is wrong.
    """
    language = languages.normalise(options.language, "--language")
    if language not in languages.WHISPER:
        raise ConfigurationError(f"Whisper does not know the language {language}.", "Give another --language.")
    if options.output.exists():
        raise ConfigurationError(f"{options.output} exists already.", "Name a new file, or delete it.")
    for path in options.sounds:
        if not path.exists():
            raise ConfigurationError(f"--sounds: {path} does not exist.", "Correct its path.", path=str(path))
    resolved = weights.resolve_whisper(options.model, options.revision)
    device, compute_type = weights.resolve_device(options.device, "auto")
    model = Whisper(resolved, device, compute_type)
    pieces = [*harvest.made_sounds(options.seeds), *harvest.own_sounds(options.sounds)]
    texts = list(harvest.heard(model, pieces, language, options.batch_size))
    found = harvest.phrases(texts, options.least)
    if not found:  # a list without phrases would be refused by the stage that reads it
        return f"No phrase came for {options.least} of {len(pieces)} sounds: {options.output} is not written."
    spoken = sum(bool(text) for text in texts)
    notes = (
        f"What the Whisper model {resolved.name} ({resolved.checksum[:19]}) writes of sounds without speech.",
        f"Harvested by samvad harvest-phrases from {len(pieces)} sounds; {spoken} of them gave a text.",
        "In brackets: in how many sounds the phrase came. A model's output is nobody's work: no licence is needed.",
    )
    files.write_text(options.output, harvest.as_list(found, language, f"harvest {resolved.name}", notes))
    return f"{len(found)} phrases from {len(pieces)} sounds ({spoken} gave a text): {options.output}"
