"""Faults at a held point: a program of the stages is stood in for by a script that does something at one of its calls.

Nothing sleeps: what is to happen "while ffmpeg reads the film" happens in ffmpeg's place, before or after it does its
work, and the stage cannot go on meanwhile. ``CHANGES`` are the ways in which a film becomes another one; ``FULL`` lets
a program find its disk full when it writes its last bytes.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path
from typing import NamedTuple


class Change(NamedTuple):
    """What happens to a film: lines of shell before and after the program's work, with $FILM and $OTHER."""

    before: str
    after: str = ":"


#: ``$FILM`` is read, ``$OTHER`` is another film of the same size.
CHANGES = {
    "replaced": Change('cp "$OTHER" "$FILM.new"; mv "$FILM.new" "$FILM"'),
    "replaced and put back": Change('mv "$FILM" "$FILM.kept"; cp "$OTHER" "$FILM"', 'mv "$FILM.kept" "$FILM"'),
    "written into": Change('cat "$OTHER" >"$FILM"'),
    "written into, with its time put back": Change(
        'touch -r "$FILM" "$FILM.time"; cat "$OTHER" >"$FILM"; touch -r "$FILM.time" "$FILM"; rm "$FILM.time"'
    ),
    "changed in one byte at its end, with its time put back": Change(
        'touch -r "$FILM" "$FILM.time"; tail -c 1 "$OTHER" | dd of="$FILM" bs=1 conv=notrunc status=none '
        'seek=$(($(stat -c %s "$FILM") - 1)); touch -r "$FILM.time" "$FILM"; rm "$FILM.time"'
    ),
    "moved away": Change('mv "$FILM" "$FILM.away"'),
    "deleted": Change('rm "$FILM"'),
}

#: Gives back the last 256 KB of what was written, says what ffmpeg says of a full disk, and ends as it does: well.
FULL = (
    'last=${word#file:}; truncate -s -262144 "$last"; '
    'echo "Error writing trailer of $word: No space left on device" >&2; exit 0'
)


def stand_in(folder: Path, program: str, call: str, before: str = ":", after: str = ":") -> dict[str, str]:
    """Put a script in a program's place that does something at the first of its calls of a kind.

    Args:
        folder: an empty folder for the script.
        program: its name, such as ``ffmpeg``.
        call: a shell pattern of its arguments, such as ``*audio.wav*``.
        before: shell to run before the program does its work; ``$word`` is its last argument.
        after: shell to run when it has done it.

    Returns:
        The variables of the environment that put it in the place.
    """
    real = shutil.which(program)
    assert real is not None, program
    folder.mkdir(exist_ok=True)
    script = folder / program
    done = shlex.quote(str(folder / "done"))
    script.write_text(
        '#!/bin/sh\nfor word; do :; done\ntext="$*"\n'
        '[ "$1" = "@${1#@}" ] && text="$text $(cat "${1#@}")"\n'  # mkvmerge's options are in a file
        f'case "$text" in\n{call})\n    if [ ! -e {done} ]; then\n        : >{done}\n        {before}\n'
        f'        {shlex.quote(real)} "$@"; code=$?\n        {after}\n        exit $code\n    fi;;\nesac\n'
        f'exec {shlex.quote(real)} "$@"\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def happened(folder: Path) -> bool:
    """Return whether the call came that the fault waited for."""
    return (folder / "done").exists()


def change_film(folder: Path, program: str, call: str, change: str, film: Path, other: Path) -> dict[str, str]:
    """Let a film become another one while a program of a stage reads it; return the variables of the environment."""
    assert film.stat().st_size == other.stat().st_size, "a change that the size does not tell"
    what = CHANGES[change]
    return {**stand_in(folder, program, call, what.before, what.after), "FILM": str(film), "OTHER": str(other)}


def change_code(root: Path, *, put_back: bool) -> str:
    """Return shell that edits a module that every stage imports, for good or for a while; ``root`` is the project."""
    module = shlex.quote(str(root / "scripts" / "samvad" / "core" / "files.py"))
    edit = f"cp -p {module} {module}.kept; echo '# edited' >>{module}"
    return f"{edit}; cp -p {module}.kept {module}" if put_back else edit
