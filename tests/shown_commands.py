"""The commands, links and paths that the documents show, as a reader would type or follow them."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

import support

ROOT = support.ROOT
#: The changelog is no page of these: it tells of names that are gone.
PAGES = sorted(
    path.relative_to(ROOT)
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "observability" / "README.md"]
    if path.name != "CHANGELOG.md"
)
#: Files whose comments show commands.
COMMENTED = [
    *(Path("Snakefile"), Path("Makefile")),
    *sorted(path.relative_to(ROOT) for folder in ("config", "profiles") for path in ROOT.glob(f"{folder}/**/*.yaml")),
    Path("observability/queries.yaml"),
    Path("observability/prometheus/alerts.yml"),
]
#: What a block of commands is called, of commands with what they print, and of what is no command at all.
COMMANDS, SESSION, OTHERS = "bash", "console", ("text", "yaml", "json", "python")
#: Programs of the project: each has a test of its own for what is shown of it.
OURS = ("samvad", "snakemake", "make", "envs", "python")
#: Programs that are not run here, with the reason.
NOT_RUN = {
    "$EDITOR": "waits for a person",
    "alloy": "the service is not installed; tests/observability read its configuration",
    "apptainer": "not to be had from Debian; the image is that of the Dockerfile",
    "aws": "needs an account; tests/observability read the template",
    "cd": "the folder is the reader's",
    "dot": "draws what Snakemake printed, which is looked at itself",
    "export": "sets the reader's own variable",
    "git": "needs the project's address",
    "printf": "run by tests/workflow/test_docs.py, for the commands that follow it",
    "scancel": "run by tests/workflow/test_slurm.py, on a cluster of its own",
    "source": "the environment is active here",
    "squeue": "run by tests/workflow/test_slurm.py, on a cluster of its own",
}
#: What stands for something of the reader's, with what the tests put in its place.
PLACEHOLDERS = {"QUESTION": "failures", "NUMBER": "1", "FILE": "yamnet.onnx"}
_PROGRAM = re.compile(r"(?:\./|\.venv/bin/)?(samvad|snakemake|make|python)$|(envs)/[\w-]+$")
_ASSIGNMENT = re.compile(r"[A-Z][A-Z_0-9]*=")


@dataclass(frozen=True)
class Command:
    """One command, without what it is piped into: the variables set for it, and its words, the program's name first."""

    where: str
    variables: tuple[str, ...]
    words: tuple[str, ...]
    in_prose: bool = False

    @property
    def program(self) -> str | None:
        """Return which of our programs it is; None for one of others."""
        found = _PROGRAM.match(self.words[0])
        return (found[1] or found[2]) if found else None

    @property
    def arguments(self) -> list[str]:
        """Return what follows the program's name, without what stands for more of the same."""
        return [PLACEHOLDERS.get(word, word) for word in self.words[1:] if word != "…"]

    def __str__(self) -> str:
        """Return the command and where it is shown."""
        return f"{self.where}: {shlex.join([*self.variables, *self.words])}"


@dataclass(frozen=True)
class Fence:
    """A block of a page, with what it says it holds."""

    where: str
    kind: str
    text: str


@cache
def fences() -> tuple[Fence, ...]:
    """Return every block of every page."""
    return tuple(
        Fence(f"{page}:{token.map[0] + 1}", token.info.strip(), token.content)
        for page in PAGES
        for token in _tokens(page)
        if token.type == "fence" and token.map
    )


@cache
def shown() -> tuple[Command, ...]:
    """Return every command of the pages' blocks, of their sentences, and of the comments of files that have some."""
    return (*_in_blocks(), *_in_prose(), *_in_comments())


@cache
def spans() -> tuple[tuple[str, str], ...]:
    """Return every piece of code in the pages' sentences, with where it is."""
    return tuple(
        (f"{page}:{token.map[0] + 1}", child.content)
        for page in PAGES
        for token in _tokens(page)
        if token.type == "inline" and token.map
        for child in token.children or []
        if child.type == "code_inline"
    )


@cache
def links() -> tuple[tuple[str, Path, str], ...]:
    """Return every link to a file of the project: where it is, the page, the target as written."""
    return tuple(
        (f"{page}:{token.map[0] + 1}", page, target)
        for page in [*PAGES, Path("CHANGELOG.md")]
        for token in _tokens(page)
        if token.type == "inline" and token.map
        for child in token.children or []
        if (target := str(child.attrs.get("href") or child.attrs.get("src") or ""))
        and not target.startswith(("http://", "https://"))
    )


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return the anchors that GitHub gives a page's headings."""
    tokens = _tokens(page)
    headings = [after.content for token, after in itertools.pairwise(tokens) if token.type == "heading_open"]
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


@cache
def _tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse((ROOT / page).read_text("utf-8"))


def _in_blocks() -> Iterator[Command]:
    for fence in fences():
        if fence.kind == COMMANDS:
            text = fence.text
        elif fence.kind == SESSION:
            text = "\n".join(line[2:] for line in fence.text.splitlines() if line.startswith("$ "))
        else:
            continue
        for line in text.replace("\\\n", " ").splitlines():
            yield from commands(fence.where, line)


def _in_prose() -> Iterator[Command]:
    for where, text in spans():
        if _is_command(text):
            yield from commands(where, text, in_prose=True)


def _in_comments() -> Iterator[Command]:
    for path in COMMENTED:
        for number, line in enumerate((ROOT / path).read_text("utf-8").splitlines(), 1):
            _, mark, comment = line.partition("#")
            where = f"{path}:{number}"
            if path.parts[0] == "observability":  # in what an alert says, too
                for text in re.findall(r"\./samvad [\w -]+", line):
                    yield from commands(where, text)
            for text in re.findall(r"`([^`]+)`", comment):
                if mark and _is_command(text):
                    yield from commands(where, text, in_prose=True)
            if _is_command(comment.strip()) and re.match(r"   ?\S", comment):
                # A column of commands, with what they do two spaces or more to the right.
                yield from commands(where, re.split(r" {2,}", comment.strip())[0])


def _is_command(text: str) -> bool:
    """Say whether code in a sentence is a command: a program of ours and what follows, or a word and an option."""
    words = [word for word in text.split() if not _ASSIGNMENT.match(word)]
    if not words or (len(words) == 1 and "/" not in words[0]):
        return False  # the name of a program
    return bool(_PROGRAM.match(words[0])) or bool(re.match(r"[a-z][\w.-]* (.* )?--?[a-z]", " ".join(words)))


def commands(where: str, line: str, in_prose: bool = False) -> Iterator[Command]:
    """Yield the commands of a line of shell: a pipe has several, and what is optional counts as given."""
    lexer = shlex.shlex(re.sub(r"\[(.*?)\](?=\s|$)", r"\1", line), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    variables: list[str] = []
    into_file = False
    for word in [*lexer, ";"]:
        if set(word) <= set("|&;"):
            if words:
                yield Command(where, tuple(variables), tuple(words), in_prose)
            words, variables, into_file = [], [], False
        elif set(word) <= set("<>"):
            into_file = True
        elif into_file:
            into_file = False
        elif not words and _ASSIGNMENT.match(word):
            variables.append(word)
        else:
            words.append(word)
