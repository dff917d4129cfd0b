"""What all requests of the server share: the shelf, the films that are open, who is to be told of what."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from samvad.core.errors import SamvadError
from samvad.core.typed_json import JsonObject
from samvad.review import job, judging, shelf, showing, sound
from samvad.review.copies import Copies
from samvad.review.film import Done, FilmDocument
from samvad.review.hub import Hub
from samvad.review.job import JobFiles
from samvad.review.keeping import Keeper
from samvad.review.proposals import Proposals
from samvad.review.runs import Runs
from samvad.review.shelf import Shelf

#: The topic of those who have the shelf open.
SHELF = "shelf"
#: A shelf that is longer than can be read in this time comes in parts, by events.
SECONDS_FOR_THE_SHELF = 1.0


@dataclass
class State:
    """What all requests share.

    Attributes:
        shelf: the films.
        person: whose server it is, where the browser says no other name.
        profile: that the workflow runs with, as a command takes it.
        header: the header in which a proxy says who somebody is; empty where there is none.
        hub: who is to be told of what.
        films: those that are open, by id.
        peaks: of their sounds.
    """

    shelf: Shelf
    person: str
    header: str = ""
    hub: Hub = field(default_factory=Hub)
    films: dict[str, FilmDocument] = field(default_factory=dict)
    keepers: dict[str, Keeper] = field(default_factory=dict)
    peaks: sound.Kept = field(default_factory=sound.Kept)
    lock: threading.Lock = field(default_factory=threading.Lock)
    _documents: dict[str, tuple[tuple[int, str], JobFiles, bytes]] = field(default_factory=dict)
    profile: str = ""

    def __post_init__(self) -> None:
        """Prepare to run the workflow, to propose, and to make copies."""
        self.copies = Copies(lambda film_id, told: self.hub.tell(film_id, "copy", told))
        self.proposals = Proposals(lambda film_id, told: self.hub.tell(film_id, "proposal", told))
        self.runs = Runs(self.shelf.settings, self.profile, lambda film_id, told: self.hub.tell(film_id, "run", told))

    def film(self, film_id: str) -> FilmDocument:
        """Return a film's document, brought up to date with what lies on the disk.

        Raises:
            SamvadError: there is none.
        """
        place = self.shelf.place(film_id)
        with self.lock:
            if film_id not in self.films:
                made = FilmDocument(place.folder, lambda done: self.tell(film_id, done))
                self.keepers[film_id] = Keeper(made, place.film, self.shelf.settings)
                self.films[film_id] = made
        found = self.films[film_id]
        found.refresh()
        self.keepers[film_id].take_in()
        return found

    def warm(self, film_id: str) -> None:
        """Open a film before anybody asks for it: a page that comes a second later has it at once."""
        with contextlib.suppress(SamvadError, OSError):  # whoever opens it is told what is wrong
            self.document(film_id)

    def document(self, film_id: str) -> bytes:
        """Return a film's document as JSON; it is written once for each step, for a long film's has megabytes.

        Raises:
            SamvadError: there is none.
        """
        film = self.film(film_id)
        with film.lock:
            stamp = film.revision, job.title_of(film.folder)
            kept = self._documents.get(film_id)
            if kept is None or kept[0] != stamp or kept[1] is not film.files:
                text = json.dumps(showing.document(film), ensure_ascii=False, separators=(",", ":"))
                kept = self._documents[film_id] = stamp, film.files, text.encode()
            return kept[2]

    def rows(self) -> list[JsonObject]:
        """Return the rows of the shelf; of a film that somebody has open, with its figures as they are by now."""
        return [self._as_edited(row) for row in self.shelf.films(SECONDS_FOR_THE_SHELF)]

    def _as_edited(self, row: JsonObject) -> JsonObject:
        film = self.films.get(row["id"])
        if film is None or not film.entries:
            return row
        with film.lock:
            shown = [code for code in film.files.machine if film.is_judged(code)]
            found = {
                code: judging.headline(film.judged(code), film.lanes[code], film.files, film.decided) for code in shown
            }
        return {**row, **shelf.figures_of(found)}

    def all_films(self) -> Iterator[tuple[str, FilmDocument]]:
        """Yield the films of the shelf that have subtitles, one by one; those that nobody has open are let go again."""
        for row in self.shelf.films():
            with contextlib.suppress(SamvadError, OSError):
                if row["id"] in self.films:
                    yield row["id"], self.film(row["id"])
                elif row["page"]:
                    yield row["id"], FilmDocument(self.shelf.place(row["id"]).folder)

    def tell(self, film_id: str, done: Done) -> None:
        """Tell all windows of a film what somebody has changed."""
        self.hub.tell(film_id, "edit", showing.done(self.films[film_id], done))
