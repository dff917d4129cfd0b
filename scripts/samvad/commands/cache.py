"""Show, shrink, check or clear the cache of results: what a stage made for one job and another may take."""

from __future__ import annotations

import argparse
import contextlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from samvad.commands import _parsing
from samvad.core import console
from samvad.core.errors import ConfigurationError, SamvadError
from samvad.runner.result_cache import Listed, ResultCache

#: The environment that the command runs in.
ENVIRONMENT = "workflow"

_GB = 1e9


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = _parsing.Parser(
        description=__doc__,
        epilog="A result may be removed at any time: the stage then does its work again. Files of jobs stay.",
    )
    made.add_argument("action", choices=("show", "clear", "shrink", "check"), help="check hashes every file again")
    made.add_argument("--folder", type=console.path, help="where the results are (default: as config/config.yaml says)")
    made.add_argument("--stage", help="only results of this stage")
    made.add_argument("--unused-days", type=float, metavar="DAYS", help="only results not used for so many days")
    made.add_argument("--max-gb", type=float, help="for shrink: remove the least recently used until this fits")
    return made


def main(argv: list[str] | None = None) -> int:
    """Run the command; return 0, 1 when a damaged result was found, 2 on a wrong option."""
    options = parser().parse_args(argv)
    try:
        folder, max_gb = _configured(options)
    except SamvadError as error:
        console.complain("samvad cache", error)
        return error.exit_code
    cache = ResultCache(folder, round(max_gb * _GB))
    damaged = cache.damaged()  # before: the next line sets aside what it cannot read
    before = datetime.now(UTC).timestamp() - (options.unused_days or 0) * 86_400
    chosen = [
        listed
        for listed in cache.entries()
        if (options.stage in (None, listed.entry.stage)) and (options.unused_days is None or listed.used_at < before)
    ]
    if options.action == "show":
        _show(folder, max_gb, chosen)
        return 0
    if options.action == "check":
        return _check(cache, chosen, damaged)
    if options.action == "clear":
        for listed in chosen:
            cache.remove(listed)
        removed = len(chosen)
    else:
        removed = cache.shrink()
    left = _size(sum(listed.size_bytes for listed in cache.entries()))
    print(f"{removed} results removed from {folder}; {left} are left.")
    return 0


def _configured(options: argparse.Namespace) -> tuple[Path, float]:
    """Return the folder and the limit in GB: as given, else as the configuration says."""
    from samvad.core import places
    from samvad.settings import configuration

    if options.max_gb is not None and options.max_gb < 0:
        raise ConfigurationError(f"--max-gb is {options.max_gb}.", "Give a number from 0.")
    if options.action == "shrink" and (options.stage, options.unused_days) != (None, None):
        # What was used last is kept, whatever stage made it: a choice beside that would be passed over in silence.
        raise ConfigurationError(
            "shrink takes no --stage and no --unused-days.", "Use clear with them, or shrink without."
        )
    values = configuration.project()
    with contextlib.chdir(places.work()):
        settings = configuration.cache_place(values)
    folder = options.folder.absolute() if options.folder else Path(settings.folder)
    return folder, settings.max_gb if options.max_gb is None else options.max_gb


def _show(folder: Path, max_gb: float, chosen: Sequence[Listed]) -> None:
    print(f"{folder}: {len(chosen)} results, {_size(sum(item.size_bytes for item in chosen))} of at most {max_gb:g} GB")
    if not chosen:
        return
    sums: dict[str, list[Listed]] = defaultdict(list)
    for listed in chosen:
        sums[listed.entry.stage].append(listed)
    print(f"\n{'stage':22} {'results':>8} {'size':>10} {'work saved by a hit':>20}")
    for stage, items in sorted(sums.items()):
        mean = sum(item.entry.seconds for item in items) / len(items)
        print(f"{stage:22} {len(items):8} {_size(sum(item.size_bytes for item in items)):>10} {f'{mean:.1f} s':>20}")
    print(f"\n{'last used (UTC)':17} {'stage':22} {'size':>10}  made by")
    for listed in chosen:
        used = datetime.fromtimestamp(listed.used_at, UTC)
        print(f"{used:%Y-%m-%d %H:%M}  {listed.entry.stage:22} {_size(listed.size_bytes):>10}  {listed.entry.run_id}")


def _check(cache: ResultCache, chosen: Sequence[Listed], before: Sequence[Path]) -> int:
    """Hash every file again; name what is not as it was stored, which the cache has set aside."""
    whole = sum(cache.check(listed) for listed in chosen)
    found = [place for place in cache.damaged() if place not in before]
    for place in found:
        print(f"{place} is not what was stored: it is used no more, and goes in time. Is the disk healthy?")
    print(f"{whole} results are whole, {len(found)} were damaged.")
    return 1 if found else 0


def _size(size_bytes: int) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.1f} {unit}"
    return f"{size_bytes} B"
