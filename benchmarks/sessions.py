"""Run the sessions of docs/sessions again: what five people type, in a copy of the project, and what they read.

Each session is a list of steps here: a sentence, and what is typed. It is run by bash in a folder of its own with two
short films, cut from the sample film; what is printed goes into the page, long output without its middle. A step that
ends otherwise than it is said to stops the writing.

Usage: python benchmarks/sessions.py [NAME ...]          (`make demo` first)
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from terminal import new_project

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "build/sample/samvad_sample.mp4"
PAGES = ROOT / "docs/sessions"
FILMS = {"Pyaasa (1957).mp4": 30, "Jaagte Raho (1956).mp4": 20}
#: Of longer output, so many lines at the beginning and at the end.
_HEAD, _TAIL = 8, 16


@dataclass(frozen=True)
class Step:
    """What is done, what is typed, and the exit codes that it may end with."""

    said: str
    typed: str
    codes: tuple[int, ...] = (0,)


SESSIONS: dict[str, tuple[str, str, list[Step]]] = {
    "subtitler": (
        "A subtitler",
        "Has one film, wants its subtitles, corrects them, and wants the film with the corrected ones.",
        [
            Step(
                "First, what would be done? Nothing is written.",
                './samvad film "films/Pyaasa (1957).mp4" --title Pyaasa --year 1957 --source en --targets en --dry-run',
            ),
            Step(
                "Now it is done. Snakemake is shown as it works; the summary at the end says where everything is.",
                './samvad film "films/Pyaasa (1957).mp4" --title Pyaasa --year 1957 --source en --targets en',
            ),
            Step("Where is everything, later?", "./samvad show pyaasa"),
            Step(
                "Do the cues keep the rules of a broadcaster?",
                "./samvad check out/*/*/*/*/1/09_subtitle_gen/*.en.srt --quiet",
                (0, 1),
            ),
            Step(
                "A word is wrong. The file is copied, edited, and given back.",
                "cp out/*/*/*/*/1/09_subtitle_gen/*.en.srt mine.en.srt && sed -i 1,20s/morning/evening/ mine.en.srt "
                "&& ./samvad correct pyaasa mine.en.srt",
            ),
            Step(
                "The same command again: what follows from the correction is made, and nothing else.",
                './samvad film "films/Pyaasa (1957).mp4" --title Pyaasa --year 1957 --source en --targets en',
            ),
            Step("A mistyped option.", "./samvad film films/x.mp4 --titel Pyaasa", (2,)),
        ],
    ),
    "archive": (
        "An archive",
        "Has a folder of films, wants all of them done, checked, described, and handed on.",
        [
            Step("The folder.", "./samvad shelf films --source en --targets en --settle-seconds 0"),
            Step("How does each stand?", "./samvad list"),
            Step("Are the files still what their records say?", "./samvad verify out"),
            Step("What was done to one of them, by which versions?", "./samvad history pyaasa"),
            Step("Its record, in a form that archives exchange.", "./samvad export pyaasa --output pyaasa.zip"),
            Step("The folder again: all is done.", "./samvad shelf films --source en --targets en --settle-seconds 0"),
            Step("A film is given up. Its file stays.", "./samvad remove jaagte-raho --yes"),
        ],
    ),
    "researcher": (
        "A researcher",
        "Wants figures of what was recognised and what it took, and compares two settings.",
        [
            Step(
                "One film.",
                "./samvad film films/Jaagte*.mp4 --title 'Jaagte Raho' --year 1956 --source en --targets en | tail "
                "-n 16",
            ),
            Step(
                "The same with another setting, as a job of its own.",
                "./samvad film films/Jaagte*.mp4 --title 'Jaagte Raho' --year 1956 --source en --targets en "
                "--new-job --set asr.beam_size=1 | tail -n 3",
            ),
            Step("Words with their times.", "./samvad figures jaagte-raho --table words | head -n 5"),
            Step("All tables, for a spreadsheet and for programs.", "./samvad figures --xlsx t.xlsx --parquet tables"),
            Step(
                "How sure are the words of each job?",
                '.venv/bin/python -c "import duckdb; print(duckdb.sql(\\"select job_folder[-4:] job, count(*) words, '
                "round(avg(score), 3) score from 'tables/words.parquet' group by 1 order by 1\\\"))\"",
            ),
            Step("What stages took, over all jobs.", "./samvad query durations"),
        ],
    ),
    "administrator": (
        "An administrator",
        "Sets the project up for others: looks what is there, sets what holds for all, and finds what is wrong.",
        [
            Step("Is everything there?", "./samvad doctor --offline"),
            Step("A setting for everybody on this machine.", "./samvad config set cache.max_gb 50"),
            Step("A setting that does not exist.", "./samvad config set asr.modle large-v3", (2,)),
            Step("A value that is none.", "./samvad config set asr.beam_size many", (2,)),
            Step("What is not the project's own?", "./samvad config show | grep local.yaml"),
            Step("How much does the cache of results hold?", "./samvad cache show"),
            Step(
                "A row of somebody's sheet is wrong, and another asks for what cannot be. The others would be made.",
                "printf 'Film\\tMedia\\tTitle\\tYear\\tSource\\tTargets\\tUser\\tDate\\tJob\\tWorkflow\\tStages "
                "off\\t\\n"
                "a\\tfilms/Pyaasa (1957).mp4\\tA\\t\\ten\\ten\\tann\\t31/12/2025\\t1\\tsubtitle\\tasr\\n"
                "b\\tfilms/Pyaasa (1957).mp4\\tB\\t20x8\\ten\\ten\\tben\\t31/12/2025\\t1\\tsubtitle\\n"
                "c\\tfilms/Pyaasa (1957).mp4\\tC\\t\\ten\\ten\\tcid\\t31/12/2025\\t1\\tsubtitle\\n' > sheet.tsv; "
                '.venv/bin/snakemake -n --quiet rules --config films=sheet.tsv | grep -A3 "Left out"',
            ),
            Step("For those who type much.", "./samvad completion --options shelf | tr '\\n' ' '"),
        ],
    ),
    "snakemake": (
        "Somebody who knows only Snakemake",
        "Reads the Snakefile, and uses Snakemake alone.",
        [
            Step(
                "A row in the film sheet.",
                "head -n 1 config/films.tsv > config/films.local.tsv && printf "
                "'p\\tfilms/Pyaasa (1957).mp4\\tPyaasa\\t1957\\ten\\ten\\tme\\t2025-06-01\\t1\\tsubtitle\\n' "
                ">> config/films.local.tsv",
            ),
            Step(
                "The plan of one film.", ".venv/bin/snakemake out/2025/06/01/me/1/10_mux/manifest.json -n --quiet rules"
            ),
            Step("Made, with no profile named.", ".venv/bin/snakemake out/2025/06/01/me/1/10_mux/manifest.json"),
            Step(
                "By its absolute path, with a profile by name: nothing to be done.",
                '.venv/bin/snakemake --profile local-cpu "$PWD/out/2025/06/01/me/1/10_mux/manifest.json"',
            ),
            Step(
                "Settings from a file anywhere.",
                "echo 'subtitle: {profile: bbc}' > /tmp/samvad-session.yaml; .venv/bin/snakemake -n --quiet rules "
                "--configfile /tmp/samvad-session.yaml -- out/2025/06/01/me/1/10_mux/manifest.json",
            ),
            Step(
                "One stage and what follows from it, again.",
                ".venv/bin/snakemake out/2025/06/01/me/1/10_mux/manifest.json --forcerun subtitle_gen",
            ),
            Step("The graph.", ".venv/bin/snakemake --rulegraph | head -n 3"),
        ],
    ),
}


def page(name: str) -> str:
    """Run a session, and return its page."""
    title, about, steps = SESSIONS[name]
    parts = [
        f"# {title}\n\n{about}\n\nRun by `benchmarks/sessions.py`, on two films cut from the sample film, with Whisper "
        "base.\n"
    ]
    with tempfile.TemporaryDirectory(prefix="samvad-") as away:
        folder = Path(away)
        new_project(folder)
        (folder / "profiles" / "local-cpu").mkdir(exist_ok=True)
        for profile in ("local-cpu", "local-gpu", "slurm"):
            (folder / profile).symlink_to(Path("profiles", profile))
        (folder / "config/local.yaml").unlink()  # with the cache of results: what one session made, the next need not
        (folder / "films").mkdir()
        for film, seconds in FILMS.items():
            cut = ["ffmpeg", "-v", "error", "-t", str(seconds), "-i", str(SAMPLE), "-c", "copy"]
            subprocess.run([*cut, str(folder / "films" / film)], check=True)
        for step in steps:
            done = subprocess.run(
                ["bash", "-c", step.typed],
                cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                check=False, env={**os.environ, "USER": "me", "COLUMNS": "100"},
            )  # fmt: skip
            said = done.stdout.replace(str(folder), "/home/me/samvad")
            said = said.replace(str(Path.home()), "/home/me")
            said = re.sub(rf"\b{re.escape(platform.node())}$", "studio", said, flags=re.MULTILINE)
            if done.returncode not in step.codes:
                sys.exit(f"{name}: {step.typed} ended with {done.returncode}:\n{said}")
            code = f"\n(exit code {done.returncode})" if done.returncode else ""
            parts.append(f"{step.said}\n\n```text\n$ {step.typed}\n{_short(said)}{code}\n```\n")
    return "\n".join(parts)


def _short(said: str) -> str:
    """Return output without its middle, where it is long, and without what a terminal alone obeys."""
    lines = [line.rstrip() for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said).strip("\n").splitlines()]
    if len(lines) > _HEAD + _TAIL + 2:
        lines = [*lines[:_HEAD], f"… ({len(lines) - _HEAD - _TAIL} lines)", *lines[-_TAIL:]]
    return "\n".join(lines)


def main() -> None:
    """Run the sessions that are named, or all."""
    if not SAMPLE.is_file():
        sys.exit("There is no sample film. Run: make demo")
    PAGES.mkdir(exist_ok=True)
    for name in sys.argv[1:] or SESSIONS:
        (PAGES / f"{name}.md").write_text(page(name), encoding="utf-8")
        print(PAGES / f"{name}.md")


if __name__ == "__main__":
    main()
