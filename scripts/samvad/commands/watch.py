"""Watch a folder: each film that arrives is subtitled when it is whole, and told of when it is done."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from samvad.commands import _running, add_folder
from samvad.core import console, places, schemas, subprocesses
from samvad.core.errors import ConfigurationError, MediaError, SamvadError
from samvad.documents import beside_files, job_manifest
from samvad.media.existing import found as existing
from samvad.reporting import delivery
from samvad.settings import configuration, film_row, film_values, naming
from samvad.settings.library import finding
from samvad.workflow import notices

#: The environment that the command runs in.
ENVIRONMENT = "workflow"

_EXAMPLES = """examples:
  ./samvad watch /films/new --source hi --targets en
  ./samvad watch /films/new --source hi --targets en --beside --webhook https://example.org/samvad
  ./samvad watch /films/new --source hi --once        one look, as a timer would have it

What ./samvad shelf takes is taken here, too. A film is whole when it has not changed for --settle-seconds. A film that
has failed waits for the next one, ./samvad shelf, or ./samvad rerun. What --deliver could not send is tried again
after a minute, then after twice as long each time, up to an hour. Ctrl-C ends the watch, and what runs.
Exit codes: 0 ended; 1 (with --once) a film is not done; 2 what was asked for is not possible."""
#: Looks are this far apart at most, in seconds, where the system tells of no change: network disks tell of none.
_LONGEST_SECONDS = 300


def parser() -> _running.Parser:
    """Return the parser of the command."""
    p = _running.Parser(description=__doc__, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_folder.add_folder_options(p)
    _running.add_options(p)
    p.add_argument("--once", action="store_true", help="look once, do what is due, and end")
    p.add_argument(
        "--every",
        type=float,
        default=_LONGEST_SECONDS,
        metavar="SECONDS",
        help="look this often though nothing is told",
    )
    p.add_argument("--command", default="", metavar="WORDS", help="run this for each film that is done or has failed")
    p.add_argument("--webhook", default="", metavar="URL", help="send the news there as JSON, signed")
    p.add_argument("--email", default="", metavar="ADDRESS", help="send the news there")
    p.set_defaults(source="auto", targets="en")
    return p


def main(argv: list[str] | None = None) -> int:
    """Watch until somebody ends it; return the exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    options, _ = parser().split(given)
    try:
        if not options.folder.is_dir():
            raise ConfigurationError(f"{options.folder} is no folder.", "Name the folder that films arrive in.")
        if not 1 <= options.every <= 86_400 or not 0 <= options.settle_seconds <= 86_400:
            raise ConfigurationError("--every and --settle-seconds are seconds, up to a day.")
        wanted = notices.ways(options.command, options.webhook, options.email, os.environ)
        # What `samvad shelf` would refuse, it would refuse at each film.
        asked = argparse.Namespace(**{**vars(options), "settings": list(options.settings)})
        _running.prepare(asked)
        film_row.requested_columns(asked)
        settings = configuration.project()
    except SamvadError as error:
        console.complain("samvad watch", error)
        return error.exit_code
    words = _for_shelf(given)
    if options.once:
        return _look(options, settings, words, wanted)
    return _watch(options, settings, words, wanted)


#: Options that are of the watch alone, and whether a value follows.
_OWN = {"--once": False, "--every": True, "--command": True, "--webhook": True, "--email": True}


def _for_shelf(given: Sequence[str]) -> list[str]:
    """Return the words of the command line that `samvad shelf` is to be given."""
    kept: list[str] = []
    at = 0
    while at < len(given) and given[at] != "--":
        name = given[at].split("=", 1)[0]
        if name in _OWN:
            at += 1 if not _OWN[name] or "=" in given[at] else 2
            continue
        kept.append(given[at])
        at += 1
    return [*kept, *given[at:]]


def _watch(options: argparse.Namespace, settings: Mapping[str, Any], words: Sequence[str], wanted: notices.Ways) -> int:
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers import Observer

    changed, ended = threading.Event(), threading.Event()

    class Changes(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            if event.event_type not in ("opened", "closed_no_write"):  # reading is no change
                changed.set()

    def end(_: int = 0, __: FrameType | None = None) -> None:
        ended.set()
        changed.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    observer = Observer()
    try:
        observer.schedule(Changes(), str(options.folder), recursive=True)
        observer.start()
    except OSError as error:  # too many folders for the system, or none that tell
        print(
            console.printable(
                f"Nothing is told of {options.folder} ({error.strerror}): looking each {options.every:g} s."
            )
        )
    print(console.printable(f"Watching {options.folder}. Ctrl-C ends it."), flush=True)
    while not ended.is_set():
        changed.clear()
        try:
            _look(options, settings, words, wanted, end)
            seen = _finding(options, settings)
            unsettled = bool(seen.growing)
            # What was to be sent now and is not there waits, too: its failure could not even be noted.
            pauses = [
                max(1.0, pause or delivery.FIRST_PAUSE_SECONDS)
                for _, pause in _to_deliver({item.path.resolve() for item in seen.films}, options, settings)
            ]
        except (
            SamvadError,
            OSError,
        ) as error:  # a sheet that is edited, a disk that is away
            console.complain("samvad watch", error)
            unsettled, pauses = False, []
        if ended.is_set():  # while something ran
            break
        # What still changes is looked at when it may have settled; what does not, when something does, or when what
        # could not be delivered is to be tried again.
        changed.wait(min([options.settle_seconds if unsettled else options.every, *pauses]))
        if unsettled and not ended.is_set():
            ended.wait(1)
    if observer.is_alive():
        observer.stop()
        observer.join()
    print("The watch has ended.")
    return 0


def _look(
    options: argparse.Namespace,
    settings: Mapping[str, Any],
    words: Sequence[str],
    wanted: notices.Ways,
    end: Callable[[], object] = lambda: None,
) -> int:
    """Do what is due in the folder, and tell of it; return the exit code of `samvad shelf`.

    What runs has the terminal, and Ctrl-C: ``end`` is called where that comes.
    """
    found = {item.path.resolve() for item in _finding(options, settings).films}
    states = _states(settings, found)
    code = 0
    new = found - {media for media, _ in states}
    if options.skip_existing:
        own = tuple(beside_files.of_all(naming.output_root(settings)))
        new = {media for media in new if not _has_subtitles(media, own, options, settings)}
    if new or any(state not in notices.STATES for _, state in states):
        # Where this process stands: paths of the words begin there.
        code = subprocesses.hand_over([str(schemas.ROOT / "samvad"), "shelf", *words], Path.cwd(), heard=end)
    root = naming.output_root(settings)
    for film in naming.films(settings).values():
        if (places.work() / film.media).resolve() in found:
            for line in notices.tell(root / film.folder, wanted, os.environ):
                print(console.printable(line), file=sys.stderr, flush=True)
    if not options.deliver:
        return code
    with _ending(end):
        return code or (0 if _deliver(found, options, settings) else 1)
    return 130


@contextlib.contextmanager
def _ending(end: Callable[[], object]) -> Iterator[None]:
    """Let Ctrl-C break off what this process does, which may be to send a film for an hour; ``end`` is called then."""

    def stop(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:
        end()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _deliver(found: Collection[Path], options: argparse.Namespace, settings: Mapping[str, Any]) -> bool:
    """Deliver what is done and is not in the store yet, or not any more as it is; return whether nothing failed.

    What failed is tried again after a pause, which grows; ``delivering.json`` of the job says why, and how often.
    """
    whole = True
    for folder, pause in _to_deliver(found, options, settings):
        if pause > 0:
            whole = False
            continue
        try:
            sent = delivery.deliver(folder, naming.output_root(settings), options.deliver, _tell)
            _tell(f"Delivered, and checked: {len(sent.files)} files of {folder}")
        except (SamvadError, OSError) as error:
            console.complain("samvad watch", error)
            whole = False
    return whole


def _to_deliver(
    found: Collection[Path], options: argparse.Namespace, settings: Mapping[str, Any]
) -> list[tuple[Path, float]]:
    """Return the folder of each done film that is not in the store as it is, and how long it is to wait, in seconds."""
    if not options.deliver:
        return []
    root = naming.output_root(settings)
    done = [
        root / film.folder
        for film in naming.films(settings).values()
        if (places.work() / film.media).resolve() in found and job_manifest.status(root / film.folder) == "success"
    ]
    pauses = [(folder, delivery.pause_seconds(folder, options.deliver)) for folder in done]
    return [(folder, pause) for folder, pause in pauses if pause is not None]


def _tell(line: str) -> None:
    print(console.printable(line), flush=True)


def _states(settings: Mapping[str, Any], found: Collection[Path]) -> list[tuple[Path, str | None]]:
    """Return the file and the state of each job of the films that were found; of one not begun, None."""
    root = naming.output_root(settings)
    jobs = [((places.work() / film.media).resolve(), root / film.folder) for film in naming.films(settings).values()]
    return [(media, job_manifest.status(folder)) for media, folder in jobs if media in found]


def _has_subtitles(
    media: Path, own: Collection[beside_files.Written], options: argparse.Namespace, settings: Mapping[str, Any]
) -> bool:
    """Return whether a film that is in no sheet is passed over: it has the subtitles that are wanted already."""
    try:
        there = existing.of_film(media, naming.output_root(settings), own)
    except MediaError:
        return False
    targets = film_values.language_codes(options.targets, "--targets")
    return existing.judge(there, targets, bitmaps=options.ocr).has_all


def _finding(options: argparse.Namespace, settings: Mapping[str, Any]) -> finding.Look:
    leave = {naming.output_root(settings).resolve(), (schemas.ROOT / "build").resolve()}
    return finding.look(options.folder.absolute(), leave, options.settle_seconds)
