"""Say how the films of a shelf stand: how many are done, and why the others are not."""

from __future__ import annotations

import argparse
from pathlib import Path

from samvad.core import console, outside, stages
from samvad.core.errors import ConfigurationError
from samvad.documents import job_manifest, subtitle_check

#: The environment that the command runs in.
ENVIRONMENT = "workflow"


def main(argv: list[str] | None = None) -> int:
    """Print the summary; return 1 where a film is not done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", type=console.path, help="file with the manifests that were asked for, one a line")
    path = parser.parse_args(argv).targets
    if not path.is_file():
        raise ConfigurationError(f"There is no file {path}.", "`samvad add-folder --targets-file` writes it.")
    targets = outside.read_text(path).splitlines()
    folders = list(dict.fromkeys(Path(target).parents[1].absolute() for target in targets))
    done = [folder for folder in folders if job_manifest.status(folder) == "success"]
    print(f"{len(folders)} of this shelf: {len(done)} done, {len(folders) - len(done)} not.")
    for folder in folders:
        if folder not in done:
            print(f"  {_why(folder)}")
    for folder in done:
        if told := _told(folder):
            print(f"  {told}")
    index = next((path for path in (folder.parents[4] / "index.html" for folder in folders) if path.is_file()), None)
    if index:
        print(f"  All films: {index}")
    return 0 if len(done) == len(folders) else 1


def _told(folder: Path) -> str | None:
    """Return what a person should know of a film's subtitles, or None where nothing is to be looked at."""
    found = {key: item for key, item in subtitle_check.headlines(folder).items() if item.grade != "good"}
    manifest = job_manifest.read_optional(folder)
    if not found or manifest is None:
        return None
    return f"{manifest.input.title}: " + "; ".join(f"{key}: {item.told()}" for key, item in found.items())


def _why(folder: Path) -> str:
    """Return in a line why a film is not done, and where its job is."""
    manifest = job_manifest.read_optional(folder)
    if manifest is None:
        return f"{folder}: not begun"
    title = manifest.input.title
    for name, state in manifest.stages.items():
        if state.status == "failed":
            known = stages.BY_NAME.get(name)  # a stage of another version has none here
            return f"{title}: {known.folder if known else name} failed: {state.reason} ({folder})"
    return f"{title}: {job_manifest.status(folder)} ({folder})"
