"""Looks at what others write while pages are open, and writes what people have decided once they rest."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Iterator

from starlette.concurrency import run_in_threadpool

from samvad.core.errors import SamvadError
from samvad.core.typed_json import JsonObject
from samvad.review.keeping import Keeper
from samvad.review.shelf import Place
from samvad.review.state import SHELF, State

log = logging.getLogger(__name__)

_SECONDS_BETWEEN_LOOKS = 1.0
#: The first look at a shelf of more films tells of all: some of them were not read when the page came.
_SMALL = 100
#: So many looks go by between two at all films of the shelf.
_LOOKS = 4
#: Files are written when nobody has changed anything for so long.
_SECONDS_OF_REST = 2.0


def _write(state: State, film_id: str, keeper: Keeper) -> None:
    """Write a film's files; what is wrong with them, all who have it open are told, once."""
    before = list(keeper.problems)
    try:
        keeper.write()
    except (SamvadError, OSError) as error:
        keeper.problems.append(str(error))
    if keeper.problems != before:
        state.hub.tell(film_id, "problems", {"problems": keeper.problems})


async def watch(state: State) -> None:
    """Look at films that are open, and at the shelf, for what others write: runs, other servers, the command line.

    What goes wrong with one of them (a sheet that is being edited, a folder that was taken away) ends no look at the
    others: without these no file would be written any more.
    """
    known: dict[str, JsonObject] = {}
    for look in itertools.count():
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
        for film_id in list(state.films):
            with said(f"looking at {film_id}"):
                await _look_at(state, film_id)
        with said("looking at runs"):
            await _look_at_runs(state)
        unread = any(row["state"] == "reading" for row in known.values())
        if state.hub.windows(SHELF) and (unread or look % _LOOKS == 0):
            with said("looking at the shelf"):
                found = await run_in_threadpool(state.rows)
                rows = {row["id"]: row for row in found}
                for film_id, row in rows.items():
                    if known.get(film_id) != row and row["state"] != "reading" and (known or len(rows) > _SMALL):
                        state.hub.tell(SHELF, "film", row)
                known = rows


async def _look_at(state: State, film_id: str) -> None:
    film, keeper = state.films[film_id], state.keepers[film_id]
    if keeper.is_due and time.monotonic() - film.changed > _SECONDS_OF_REST:
        await run_in_threadpool(_write, state, film_id, keeper)
    if state.hub.windows(film_id) and await run_in_threadpool(film.refresh):
        state.hub.tell(film_id, "hello", {"revision": film.revision, "reload": True})


async def _look_at_runs(state: State) -> None:
    places: dict[str, Place] = {}
    for film_id in list(state.films):
        with contextlib.suppress(SamvadError, OSError):
            places[film_id] = state.shelf.place(film_id)
    for film_id in await run_in_threadpool(state.runs.look, places):
        if film_id in state.films and await run_in_threadpool(state.films[film_id].refresh):
            state.hub.tell(film_id, "hello", {"revision": state.films[film_id].revision, "reload": True})


@contextlib.contextmanager
def said(what: str) -> Iterator[None]:
    """Go on where something fails that the next look may do."""
    try:
        yield
    except (SamvadError, OSError) as error:
        log.debug("%s: %s", what, error)
    except Exception:
        log.exception("%s failed: please report it", what)
