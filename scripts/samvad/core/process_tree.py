"""The processes below a process, as Linux tells them.

psutil reads the state of all processes of the machine for that; who asks twice a second pays a good part of a core for
it on a machine of thousands.
"""

from __future__ import annotations

import contextlib
import os


def below(root: int) -> list[int] | None:
    """Return the numbers of all processes below one; None where the system does not tell, or it is gone.

    A child belongs to the thread that started it. One that starts or ends meanwhile may be among them, or not.
    """
    if not os.path.exists(f"/proc/{root}/task/{root}/children"):  # noqa: PTH110 -- asked for twice a second
        return None
    found: list[int] = []
    waiting = [root]
    while waiting:
        folder = f"/proc/{waiting.pop()}/task"
        with contextlib.suppress(OSError):
            for thread in os.listdir(folder):  # noqa: PTH208
                with contextlib.suppress(OSError), open(f"{folder}/{thread}/children", "rb") as file:  # noqa: PTH123
                    children = [int(word) for word in file.read().split()]
                    found += children
                    waiting += children
    return found
