"""Open a page in headless Chromium, from the disk or a server, run steps in it, and return what they say."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import support
import tools

#: Each would run in a page that put it somewhere as it is: between elements, in an attribute, in a script, in a style.
HOSTILE = (
    "<img src=x onerror=\"document.title='ran'\">",
    '" onmouseover="document.title=\'ran\'" autofocus onfocus="document.title=\'ran\'" x="',
    "' onclick='document.title=`ran`' `${document.title='ran'}`",
    "</script><script>document.title='ran'</script><!--",
    "javascript:document.title='ran'",
    "url('x');background:url(javascript:document.title='ran')</style><script>document.title='ran'</script>",
    "<iframe srcdoc=\"<script>top.document.title='ran'</script>\"></iframe><base href='//x'><form action='//x'>",
)
#: Move over everything, focus everything, and say what came of it.
HOVER = """
await sleep(200);
return tab.evaluate(() => {
  for (const element of document.querySelectorAll("body *")) {
    for (const kind of ["mouseover", "focus", "error"]) element.dispatchEvent(new Event(kind));
  }
  const within = ["iframe", "base", "form", "script", "img"].map((tag) => "main " + tag).join(", ");
  const odd = document.querySelectorAll(within + ", [onerror], [onclick], [onfocus], [onmouseover]");
  return { title: document.title, odd: odd.length, text: document.body.textContent };
});
"""


@dataclass(frozen=True)
class Visit:
    """What the steps returned, every message of the console, and the addresses that were asked for."""

    result: Any
    said: list[str]
    requests: list[str]


def visit(
    page: Path | str, steps: str, folder: Path, *, picture: Path | None = None, dark: bool = False, seconds: int = 120
) -> Visit:
    """Open a page and run steps: the body of an asynchronous function of ``tab`` (a puppeteer page) and ``sleep``."""
    script = folder / "steps.mjs"
    script.write_text(
        "const sleep = (ms) => new Promise((done) => setTimeout(done, ms));\n"
        f"export default async (tab) => {{\n{steps}\n}};\n",
        encoding="utf-8",
    )
    command = [
        tools.program("node"),
        support.ROOT / "tests" / "browser" / "browse.mjs",
        tools.browser_modules(),
        tools.program("chromium"),
        page,
        script,
        *([picture, "1440x1000", "dark" if dark else "light"] if picture else []),
    ]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=seconds)
    assert done.returncode == 0, done.stderr
    return Visit(**json.loads(done.stdout))
