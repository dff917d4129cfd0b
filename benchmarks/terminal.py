"""Pictures of the terminal in a real run: a shelf of three films, at 80 columns by 24 lines and at 120 by 40.

The sample film is cut into films of three lengths, and `./samvad shelf` makes them, in a copy of the project, on a
terminal of that size. What it draws is followed as a terminal would show it, and the screen in the middle of the work
and that at the end are written as SVG by rich.

Usage: python benchmarks/terminal.py [FOLDER]          (docs/pictures, without one; `make demo` first)
"""

from __future__ import annotations

import fcntl
import io
import os
import platform
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "build/sample/samvad_sample.mp4"
PARTS = ("samvad", "Snakefile", "rules", "scripts", "envs", "config", "profiles")
SIZES = ((80, 24), (120, 40))
FILMS = {"Jaagte Raho (1956).mp4": 40, "Do Bigha Zamin (1953).mp4": 60, "Pyaasa (1957).mp4": 80}
_SEQUENCE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")
#: A picture is taken when a line says that so much of a stage is done, in this stage or later.
_WORTH = re.compile(r"asr +[3-9][0-9]%")


class Screen:
    """Lines as a terminal shows them: as much of its language as rich's table and plain programs speak."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.lines: list[str] = [""]
        self.at = 0

    def feed(self, text: str) -> None:
        """Take what a program writes; colours stay in the lines."""
        place = 0
        while place < len(text):
            found = _SEQUENCE.match(text, place)
            if found:
                number, kind = found[1], found[2]
                if kind == "A":
                    self.at = max(0, self.at - int(number or 1))
                elif kind == "K":
                    self.lines[self.at] = ""
                elif kind == "m":
                    self.lines[self.at] += found[0]
                place = found.end()
                continue
            sign = text[place]
            if sign == "\n":
                self.at += 1
                if self.at == len(self.lines):
                    self.lines.append("")
            elif sign != "\r":
                self.lines[self.at] += sign
            place += 1

    def shown(self) -> list[str]:
        """Return the lines that stand on the screen, longer ones broken as a terminal breaks them."""
        broken = [
            piece
            for line in self.lines
            for piece in (
                Text.from_ansi(line).wrap(Console(width=self.columns), self.columns, overflow="fold") or [Text()]
            )
        ]
        while broken and not broken[-1].plain.strip():
            broken.pop()
        return broken[-self.rows :]


def picture(screen: Screen, title: str) -> str:
    """Return a screen as SVG."""
    console = Console(record=True, width=screen.columns, height=screen.rows, file=io.StringIO(), force_terminal=True)
    for line in screen.shown():
        console.print(line, soft_wrap=True)
    drawn = console.export_svg(title=title, theme=DIMMED_MONOKAI, unique_id="terminal")
    return re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)  # nothing is fetched from elsewhere


def new_project(folder: Path) -> None:
    """Copy the project, without its films and results, into a folder; its results are taken from no cache."""
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*local*"))
        else:
            shutil.copy2(ROOT / name, folder / name)
    for profile in (ROOT / "profiles").iterdir():
        shutil.copytree(profile, folder / "profiles" / profile.name, dirs_exist_ok=True)
    (folder / ".venv").symlink_to((ROOT / ".venv").resolve())
    (folder / "config/local.yaml").write_text("cache: {enabled: false}\n", encoding="utf-8")


def run(folder: Path, columns: int, rows: int) -> tuple[str, str]:
    """Make the films on a terminal of this size; return the screens in the middle and at the end, as SVG."""
    words = ["./samvad", "shelf", "films", "--source", "en", "--targets", "en"]
    terminal, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(
        [*words, "--settle-seconds", "0", "--user", "me"],
        cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color", "SAMVAD_VIEW": "auto"},
    )  # fmt: skip
    os.close(theirs)
    screen, rest, middle, said = Screen(columns, rows), "", "", 0.0
    screen.feed(f"$ {' '.join(words)}\n")
    while True:
        try:
            block = os.read(terminal, 1 << 16).decode("utf-8", "replace")
        except OSError:
            break
        if not block:
            break
        text = rest + block
        cut = (
            text.rfind("\x1b") if "\x1b" in text[-12:] and not _SEQUENCE.match(text, text.rfind("\x1b")) else len(text)
        )
        shown = text[:cut].replace(str(folder), "/home/me/samvad")
        screen.feed(shown.replace(f" at work on {platform.node().split('.')[0]};", " at work on studio;"))
        rest = text[cut:]
        if time.monotonic() - said > 1 and any(_WORTH.search(line.plain) for line in screen.shown()):
            middle, said = picture(screen, "samvad"), time.monotonic()
    process.wait()
    return middle, picture(screen, "samvad")


def main() -> None:
    """Run at each size, and write the pictures."""
    if not SAMPLE.is_file():
        sys.exit("There is no sample film. Run: make demo")
    target = Path(sys.argv[1]) if sys.argv[1:] else ROOT / "docs/pictures"
    for columns, rows in SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            new_project(folder)
            (folder / "films").mkdir()
            for film, seconds in FILMS.items():
                cut = [
                    "ffmpeg",
                    "-v",
                    "error",
                    "-t",
                    str(seconds),
                    "-i",
                    str(SAMPLE),
                    "-c",
                    "copy",
                    str(folder / "films" / film),
                ]
                subprocess.run(cut, check=True)
            middle, end = run(folder, columns, rows)
        for kind, drawn in (("run", middle), ("end", end)):
            path = target / f"terminal-{kind}-{columns}x{rows}.svg"
            path.write_text(drawn, encoding="utf-8")
            print(path, "is empty: the run was too short" if not drawn else "")


if __name__ == "__main__":
    main()
