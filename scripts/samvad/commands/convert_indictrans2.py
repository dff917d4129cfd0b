"""Convert an IndicTrans2 model from the hub's safetensors into the form that stage 08 reads.

Run it in the translation environment: ``./samvad convert-indictrans2 FROM TO``.
"""

from __future__ import annotations

import argparse

from samvad.commands import _parsing
from samvad.core import console
from samvad.core.errors import SamvadError
from samvad.stages.translation import conversion

#: The environment that the command runs in.
ENVIRONMENT = "translation"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command's options."""
    made = _parsing.Parser(
        description="Convert an IndicTrans2 model from safetensors into a folder for CTranslate2. Reads data only: no "
        "code that comes with the model is run.",
        epilog="Exit codes: 0 success, 2 configuration, 4 model, 1 anything else.",
    )
    made.add_argument(
        "source", type=console.path, help="folder with config.json, model.safetensors, dict.*.json, model.*"
    )
    made.add_argument("target", type=console.path, help="folder to make, such as …/indictrans2/indic-en")
    made.add_argument(
        "--quantization", choices=conversion.QUANTIZATIONS, default="int8", help="number type of the weights on disk"
    )
    return made


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    try:
        conversion.convert(options.source, options.target, options.quantization)
    except SamvadError as error:
        console.complain("samvad convert-indictrans2", error)
        return error.exit_code
    print(f"{options.target} is made. Set translation.indictrans2_dir to the folder that it lies in.")
    return 0
