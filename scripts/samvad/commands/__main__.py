"""The way in for `./samvad COMMAND`, which has chosen the environment: run the command's module."""

from __future__ import annotations

import importlib
import sys

from samvad.core import console

if __name__ == "__main__":
    name = sys.argv[1]
    sys.argv[:2] = [f"samvad {name}"]  # what messages about options call the command
    console.run(importlib.import_module(f"samvad.commands.{name.replace('-', '_')}").main)
