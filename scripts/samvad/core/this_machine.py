"""The machine that the process runs on. Python's ``platform`` says the same, and takes 2 ms of each start to import."""

from __future__ import annotations

import os


def node() -> str:
    """Return its name in the network; empty where it has none."""
    return os.uname().nodename


def architecture() -> str:
    """Return what its processor is, such as ``x86_64``."""
    return os.uname().machine


def system() -> str:
    """Return its system and that one's release, and the architecture."""
    told = os.uname()
    return f"{told.sysname} {told.release} {told.machine}"
