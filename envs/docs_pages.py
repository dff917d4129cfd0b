"""What `make docs` does beside MkDocs: pages that lie outside of docs/, and links to files that are no pages.

Pages link to files of the project, as a repository's view does. On the site such a link is its text alone; that the
file is there is checked all the same.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

_ROOT = Path(__file__).resolve().parents[1]
_DOCS = _ROOT / "docs"
#: Pages of the project's own folder, and what they are called on the site.
_ELSEWHERE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "observability/README.md": "observability.md",
}
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s#]+)(#[^()\s]*)?\)")
_BLOCK = re.compile(r"^(```.*?^```[^\n]*$)", re.MULTILINE | re.DOTALL)


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that lie outside of docs/."""
    for source, name in _ELSEWHERE.items():
        text = (_ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=_rewritten(text, _ROOT / source, name)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Change a page's links to what there is on the site."""
    if page.file.src_uri in _ELSEWHERE.values():
        return markdown
    return _rewritten(markdown, _DOCS / page.file.src_uri, page.file.src_uri)


def _rewritten(text: str, source: Path, name: str) -> str:
    """Return a page's text with its links changed, outside of blocks of code.

    Raises:
        PluginError: a link leads to a file that is not there.
    """

    def changed(found: re.Match[str]) -> str:
        picture, shown, link, anchor = found[1], found[2], found[3], found[4] or ""
        if "://" in link or link.startswith("mailto:"):
            return found[0]
        target = Path(os.path.normpath(source.parent / link))
        if not target.exists():
            raise PluginError(f"{source.relative_to(_ROOT)}: the link to {link} leads nowhere.")
        inside = str(target.relative_to(_ROOT))
        page = _ELSEWHERE.get(inside) or (inside.removeprefix("docs/") if inside.startswith("docs/") else "")
        if not page or target.is_dir():
            return shown
        return f"{picture}[{shown}]({os.path.relpath(page, Path(name).parent)}{anchor})"

    parts = _BLOCK.split(text)
    return "".join(part if part.startswith("```") else _LINK.sub(changed, part) for part in parts)
