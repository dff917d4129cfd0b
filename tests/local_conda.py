"""A conda channel on this disk, and the command `conda` as Snakemake calls it, over rattler's solver and installer.

conda itself is on none of the registries that tests may use, so its command line is stood in for; what it does is real:
the files of `envs/` are read, solved against the channel's index, and its packages are linked into an environment, as
conda and mamba do it. Only the packages are thin: they bring this machine's own programs.

Run as a command it takes CHANNEL from the environment variable LOCAL_CHANNEL.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ENVS = Path(__file__).resolve().parents[1] / "envs"
SUBDIR = "linux-64"
VERSION = "24.11.3"
#: `activate ENVIRONMENT`, which Snakemake's jobs source.
ACTIVATE = 'export CONDA_PREFIX="$1" PATH="$1/bin:$PATH"\n'


def package(channel: Path, name: str, version: str, files: dict[str, str], depends: tuple[str, ...] = ()) -> None:
    """Write a package: files by their path in the environment; a content that is an absolute path makes a link."""
    build = "0"
    index = {
        "name": name, "version": version, "build": build, "build_number": 0, "depends": list(depends),
        "subdir": SUBDIR, "arch": "x86_64", "platform": "linux", "timestamp": 1_700_000_000_000,
    }  # fmt: skip
    paths = [
        {"_path": path, "path_type": "softlink" if text.startswith("/") else "hardlink"} for path, text in files.items()
    ]
    info = {"info/index.json": json.dumps(index), "info/paths.json": json.dumps({"paths": paths, "paths_version": 1})}
    folder = channel / SUBDIR
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / f"{name}-{version}-{build}.tar.bz2", "w:bz2") as archive:
        for path, text in {**info, **files}.items():
            entry = tarfile.TarInfo(path)
            entry.mode = 0o755
            if text.startswith("/"):
                entry.type, entry.linkname = tarfile.SYMTYPE, text
                archive.addfile(entry)
            else:
                entry.size = len(text.encode())
                archive.addfile(entry, io.BytesIO(text.encode()))


def make_channel(folder: Path) -> Path:
    """Make a channel with all that the files of `envs/` ask a channel for; return it, indexed."""
    from rattler import index

    python = Path(sys.base_prefix, "bin", "python3").resolve()
    package(
        folder,
        "python",
        "3.11.9",  # what the locks ask for, whichever Python this machine has
        {  # an environment that pip and uv take for one, with this machine's Python
            "bin/python": str(python), "bin/python3": str(python),
            "pyvenv.cfg": f"home = {python.parent}\nversion = {platform.python_version()}\n",
        },
    )  # fmt: skip
    package(folder, "pip", "25.0", {"share/pip.txt": "uv does its work here\n"}, ("python >=3.9",))
    brought = {"espeak-ng": ("espeak-ng",), "ffmpeg": ("ffmpeg", "ffprobe")}
    brought |= {"font-ttf-noto": (), "fontconfig": ("fc-match",), "mkvtoolnix": ("mkvmerge", "mkvpropedit")}
    for name, programs in brought.items():
        found = {f"bin/{program}": shutil.which(program) or "/nowhere" for program in programs}
        package(folder, name, "7.1", found)
    (folder / "noarch").mkdir(exist_ok=True)
    asyncio.run(index.index_fs(folder))
    return folder


def solve(channel: Path, specs: list[str]) -> list[object]:
    """Return the records of the packages that fulfil the specifications."""
    import rattler

    found = rattler.solve(
        sources=[rattler.Channel(channel.as_uri())],
        specs=[rattler.MatchSpec(spec, strict=True) for spec in specs],
        platforms=[SUBDIR, "noarch"],
        virtual_packages=rattler.VirtualPackage.detect(),
    )
    return list(asyncio.run(_wait(found)))


async def _wait(work):  # rattler returns an awaitable that is no coroutine
    return await work


def read(environment: Path) -> tuple[list[str], list[str]]:
    """Return what a file of `envs/` asks of a channel, and of pip."""
    import yaml

    asked = yaml.safe_load(environment.read_text(encoding="utf-8"))["dependencies"]
    pip = [line for item in asked if isinstance(item, dict) for line in item["pip"]]
    return [item for item in asked if isinstance(item, str)], pip


def install(channel: Path, environment: Path, prefix: Path) -> None:
    """Make an environment, as `conda env create` does."""
    import rattler

    specs, pip = read(environment)
    records = solve(channel, specs)
    asyncio.run(_wait(rattler.install(records, prefix, cache_dir=channel.parent / "cache", show_progress=False)))
    with_uv = f". {ENVS}/lib.bash; . {ENVS}/uv.bash; "
    # The checksums of the locks say what is installed, whichever index has it.
    with_uv += 'uv pip install --quiet --index-strategy unsafe-first-match --require-hashes --python "$0" -r -'
    own = {key: value for key, value in os.environ.items() if key != "SAMVAD_CACHE"}  # uv is in the user's own
    command = ["bash", "-c", with_uv, str(prefix / "bin" / "python")]
    subprocess.run(command, input="\n".join(pip), text=True, check=True, env=own)


def put_on_path(folder: Path) -> Path:
    """Write the command `conda` and the script `activate`; return the folder to put on the path."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    (programs / "conda").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "$@"\n', encoding="utf-8")
    (programs / "conda").chmod(0o755)
    (programs / "activate").write_text(ACTIVATE, encoding="utf-8")
    return programs


def main() -> None:
    """Answer as conda does to what Snakemake asks of it."""
    command = argparse.ArgumentParser(prog="conda")
    command.add_argument("--version", action="version", version=f"conda {VERSION}")
    what = command.add_subparsers(dest="what", required=True)
    what.add_parser("info").add_argument("--json", action="store_true")
    what.add_parser("clean")  # of packages: there are none to spare
    setting = what.add_parser("config")
    setting.add_argument("--get")
    setting.add_argument("--json", action="store_true")
    create = what.add_parser("env").add_subparsers(required=True).add_parser("create")
    create.add_argument("--file", type=Path, required=True)
    create.add_argument("--prefix", type=Path, required=True)
    options, _ = command.parse_known_args()
    if options.what == "info":
        sys.stdout.write(
            json.dumps({"conda_prefix": str(Path(os.environ["LOCAL_CHANNEL"]).parent), "platform": SUBDIR})
        )
    elif options.what == "config":
        sys.stdout.write(json.dumps({"get": {"channel_priority": "strict"}}))
    elif options.what == "env":
        install(Path(os.environ["LOCAL_CHANNEL"]), options.file, options.prefix)


if __name__ == "__main__":
    main()
