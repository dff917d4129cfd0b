"""The server's answers: pages, documents, edits, sound, pictures and events, as the page asks for them."""

from __future__ import annotations

import asyncio
import contextlib
import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from samvad.core import outside, schemas
from samvad.core.errors import ConfigurationError, SamvadError
from samvad.core.typed_json import JsonObject
from samvad.media.audio import FilmAudio
from samvad.review import again, job, learning, playing, reports, shelf, showing, sound, watching
from samvad.review.film import ConflictError, FilmDocument
from samvad.review.film_state import Who
from samvad.review.runs import BusyError
from samvad.review.shelf import Place
from samvad.review.state import SHELF, State

PAGES = schemas.ROOT / "scripts" / "samvad" / "review" / "page"
_SHARED = schemas.ROOT / "scripts" / "samvad" / "reporting" / "pages" / "shared"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
_KEPT = {"Cache-Control": "private, max-age=86400"}


def app(state: State, first: str = "") -> Starlette:
    """Return the app; who may ask it is ``access.Gate``'s business.

    Args:
        state: what all requests share.
        first: the id of the film that will be asked for at once; empty for none.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        state.hub.open()
        watch = asyncio.create_task(watching.watch(state))
        warming = asyncio.create_task(run_in_threadpool(state.warm, first)) if first else None
        try:
            yield
        finally:
            watch.cancel()
            if warming is not None:
                warming.cancel()
            state.hub.close()
            # Who ends the server and runs the film from the command line has the last edits in it.
            for film_id, keeper in state.keepers.items():
                if keeper.is_due:
                    with watching.said(f"writing the files of {film_id}"):
                        await run_in_threadpool(keeper.write)

    def route(path: str, answer: Callable[[State, Request], Awaitable[Response]], method: str = "GET") -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                return await answer(state, request)
            except ConflictError as error:
                return JSONResponse(showing.conflict(state.films[_id(request)], error), status_code=409)
            except BusyError as error:
                return JSONResponse({"error": error.what, "remedy": error.remedy, "run": error.told}, status_code=409)
            except SamvadError as error:
                code = {"configuration": 400, "changed": 409, "disk": 507}.get(error.category, 500)
                return JSONResponse({"error": error.what, "remedy": error.remedy}, status_code=code)

        return Route(path, endpoint, methods=[method])

    routes = [
        route("/", _shelf_page),
        route("/film/{id}", _film_page),
        route("/film/{id}/{kind}", _report_page),
        route("/film/{id}/{kind}/file", _report),
        route("/static/{name}", _static),
        route("/api/films", _films),
        route("/api/events", _shelf_events),
        route("/api/you", _you, "POST"),
        route("/api/proposals", _propose_over, "POST"),
        route("/api/proposals/{name}", _proposal_over),
        route("/api/check", _check, "POST"),
        route("/api/films/{id}", _document),
        route("/api/films/{id}/edits", _edits, "POST"),
        route("/api/films/{id}/events", _events),
        route("/api/films/{id}/run", _run, "POST"),
        route("/api/films/{id}/proposals", _propose, "POST"),
        route("/api/films/{id}/proposals/{name}", _proposal),
        route("/api/films/{id}/again", _again),
        route("/api/films/{id}/reports", _reports),
        route("/api/films/{id}/stop", _stop, "POST"),
        route("/api/films/{id}/media", _media),
        route("/api/films/{id}/peaks", _peaks),
        route("/api/films/{id}/spectrogram", _spectrogram),
        route("/api/films/{id}/history", _history),
        route("/api/films/{id}/at/{revision:int}", _at),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def _id(request: Request) -> str:
    return str(request.path_params["id"])


def _who(state: State, request: Request, client: str = "") -> Who:
    """Return who asks: as the proxy says, else as the browser was told, else whose server it is."""
    name = request.headers.get(state.header, "") if state.header else ""
    name = name or unquote(request.cookies.get("samvad_you", ""))
    plain = "".join(sign for sign in name if sign.isprintable()).strip()[:80]
    return Who(plain or state.person, client[:80])


async def _body(request: Request) -> Mapping[str, Any]:
    """Return the JSON object that a request brings.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        value = outside.json_value(await request.body())
    except ValueError as error:
        raise ConfigurationError(f"The request is not JSON ({error}).") from None
    if not isinstance(value, dict):
        raise ConfigurationError("The request is no JSON object.")
    return value


def _number(request: Request, name: str, default: int | None = None) -> int:
    text = request.query_params.get(name, "")
    try:
        return default if not text and default is not None else round(float(text))
    except (ValueError, OverflowError):
        raise ConfigurationError(f"{name} is {text[:40]!r}, but must be a number.") from None


async def _shelf_page(state: State, request: Request) -> Response:
    return await run_in_threadpool(_page, request, "shelf.html")


async def _film_page(state: State, request: Request) -> Response:
    await run_in_threadpool(state.shelf.place, _id(request))
    return await run_in_threadpool(_page, request, "film.html")


async def _static(state: State, request: Request) -> Response:
    return await run_in_threadpool(_page, request, str(request.path_params["name"]))


def _page(request: Request, name: str) -> Response:
    for folder in (PAGES, _SHARED):
        path = folder / name
        if outside.is_name(name) and path.is_file():
            media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
            headers = {"Cache-Control": "no-cache"}
            answer = FileResponse(path, media_type=media_type, headers=headers, stat_result=path.stat())
            if request.headers.get("if-none-match") == answer.headers.get("etag"):
                return Response(status_code=304, headers={**headers, "ETag": answer.headers["etag"]})
            return answer
    return JSONResponse({"error": "There is no such page."}, status_code=404)


async def _report_page(state: State, request: Request) -> Response:
    reports.check(str(request.path_params["kind"]))
    await run_in_threadpool(state.shelf.place, _id(request))
    return await run_in_threadpool(_page, request, "report.html")


async def _reports(state: State, request: Request) -> Response:
    def made() -> JsonObject:
        place = state.shelf.place(_id(request))
        known = shelf.row(place, state.shelf.root)
        return {"title": known["title"], "page": known["page"], **reports.addresses(place.id, place.folder)}

    return JSONResponse(await run_in_threadpool(made))


async def _report(state: State, request: Request) -> Response:
    kind = str(request.path_params["kind"])

    def found() -> Response:
        place = state.shelf.place(_id(request))
        path = reports.find(place.id, place.folder, kind)
        name = f"{kind}.html" if request.query_params.get("save") else None
        return FileResponse(path, media_type="text/html", filename=name, headers=reports.HEADERS)

    return await run_in_threadpool(found)


async def _films(state: State, request: Request) -> Response:
    films = await run_in_threadpool(state.rows)
    return JSONResponse({"films": films, "you": _who(state, request).name})


async def _document(state: State, request: Request) -> Response:
    def made() -> Response:
        place = state.shelf.place(_id(request))
        made = state.document(place.id)
        served = JSONResponse(_served(state, place, state.films[place.id], _who(state, request))).body
        return Response(made[:-1] + b"," + bytes(served)[1:], media_type="application/json")  # one object of both

    return await run_in_threadpool(made)


def _served(state: State, place: Place, film: FilmDocument, who: Who) -> JsonObject:
    """Return what the server knows of a film beside its document."""
    played = playing.of(film.files)
    url = f"/api/films/{place.id}"
    return {
        "id": place.id,
        "year": place.film.year if place.film else None,
        "you": who.name,
        "media": {
            "url": f"{url}/media" if played.path or played.film else None,
            "kind": played.kind,
            "why": played.why,
            "copy": state.copies.state(place.id),
        },
        "peaks": {"url": f"{url}/peaks", "minMs": sound.BLOCK // 16} if film.files.output("demux", "audio") else None,
        **reports.addresses(place.id, place.folder),
        "run": state.runs.state(place),
        "problems": state.keepers[place.id].problems,
    }


async def _edits(state: State, request: Request) -> Response:
    asked = await _body(request)
    who = _who(state, request, str(asked.get("client") or ""))

    def made() -> JsonObject:
        film = state.film(_id(request))
        return showing.done(film, film.edit(asked, who))

    return JSONResponse(await run_in_threadpool(made))


async def _events(state: State, request: Request) -> Response:
    film = await run_in_threadpool(state.film, _id(request))
    return _stream(state, _id(request), lambda: [("hello", {"revision": film.revision})])


async def _run(state: State, request: Request) -> Response:
    wish = str((await _body(request)).get("what") or "")

    def made() -> JsonObject:
        place = state.shelf.place(_id(request))
        told: list[str] = []

        def first() -> None:
            if not job.made_by(place.folder):
                return
            state.film(place.id)
            for path in state.keepers[place.id].write():
                told.extend(learning.learned(place.folder, path.with_suffix(".tsv")))

        return {**state.runs.start(place, wish, first), "told": told}

    return JSONResponse(await run_in_threadpool(made), status_code=202)


async def _propose(state: State, request: Request) -> Response:
    asked = await _body(request)

    def made() -> JsonObject:
        return state.proposals.start(_id(request), state.film(_id(request)), asked).told

    return JSONResponse(await run_in_threadpool(made), status_code=202)


async def _again(state: State, request: Request) -> Response:
    return JSONResponse(await run_in_threadpool(lambda: again.at_hand(state.film(_id(request)).files)))


async def _proposal(state: State, request: Request) -> Response:
    return JSONResponse(state.proposals.get(_id(request), str(request.path_params["name"])).told)


async def _propose_over(state: State, request: Request) -> Response:
    asked = await _body(request)
    return JSONResponse(state.proposals.start_over(SHELF, state.all_films(), asked).told, status_code=202)


async def _proposal_over(state: State, request: Request) -> Response:
    return JSONResponse(state.proposals.get(SHELF, str(request.path_params["name"])).told)


async def _stop(state: State, request: Request) -> Response:
    return JSONResponse(await run_in_threadpool(lambda: state.runs.stop(state.shelf.place(_id(request)))))


async def _shelf_events(state: State, request: Request) -> Response:
    return _stream(state, SHELF, lambda: [("hello", {})])


def _stream(state: State, topic: str, first: Callable[[], list[tuple[str, Any]]]) -> Response:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(state.hub.listen(topic, first), media_type="text/event-stream", headers=headers)


async def _media(state: State, request: Request) -> Response:
    def found() -> Response:
        film = state.film(_id(request))
        played = playing.of(film.files)
        if played.path is None and played.film is not None:
            told = state.copies.start(_id(request), film.files, played.film)
            return JSONResponse({"error": f"{played.why}: a small copy is made", "copy": told}, status_code=404)
        if played.path is None:
            return JSONResponse({"error": played.why}, status_code=404)
        return FileResponse(played.path, media_type=played.type, stat_result=played.path.stat())

    return await run_in_threadpool(found)


def _audio(state: State, request: Request) -> tuple[Path, str]:
    film = state.film(_id(request))
    path, demux = film.files.output("demux", "audio"), film.files.manifests.get("demux")
    record = demux.output("audio") if demux else None
    if path is None or record is None:
        raise ConfigurationError("The film's sound is not there any more.", "Run stage 01 again: samvad rerun.")
    return path, record.checksum


async def _peaks(state: State, request: Request) -> Response:
    def made() -> bytes:
        path, checksum = _audio(state, request)
        stretch = _number(request, "from"), _number(request, "to")
        return sound.cut(state.peaks.of(path, checksum), FilmAudio(path), *stretch, _number(request, "px"))

    return Response(await run_in_threadpool(made), media_type="application/octet-stream", headers=_KEPT)


async def _spectrogram(state: State, request: Request) -> Response:
    def made() -> bytes:
        path, _ = _audio(state, request)
        stretch = _number(request, "from"), _number(request, "to")
        return sound.spectrogram(FilmAudio(path), *stretch, _number(request, "px"), _number(request, "height", 128))

    return Response(await run_in_threadpool(made), media_type="application/octet-stream", headers=_KEPT)


async def _history(state: State, request: Request) -> Response:
    return JSONResponse(await run_in_threadpool(lambda: showing.history(state.film(_id(request)))))


async def _at(state: State, request: Request) -> Response:
    revision = int(request.path_params["revision"])
    return JSONResponse(await run_in_threadpool(lambda: showing.at(state.film(_id(request)), revision)))


async def _you(state: State, request: Request) -> Response:
    name = str((await _body(request)).get("name") or "").strip()[:80]
    answer = JSONResponse({"you": name or state.person})
    answer.set_cookie("samvad_you", quote(name), max_age=400 * 86400, httponly=True, samesite="strict")
    return answer


async def _check(state: State, request: Request) -> Response:
    from samvad.review import judging
    from samvad.review.lanes import Lane, LaneCue, cleaned

    asked = await _body(request)

    def made() -> JsonObject:
        film = state.film(str(asked.get("film")))
        language, given = str(asked.get("lane")), asked.get("cues")
        if language not in film.lanes or not isinstance(given, list) or not all(isinstance(cue, dict) for cue in given):
            raise ConfigurationError("What is checked is a list of cues in a lane of the film.")
        lane = Lane(language)
        for number, cue in enumerate(given, start=1):
            found = LaneCue(f"{language}-{number}", *_times(cue), cleaned(cue.get("text")), hand=True)
            lane.cues[found.id] = found
        judged = judging.judge(lane, film.rules(language), film.files)
        return {"flags": [judged.flags(cue) for cue in lane.cues.values()]}

    return JSONResponse(await run_in_threadpool(made))


def _times(cue: Mapping[str, Any]) -> tuple[int, int]:
    from samvad.review.edits import whole

    return whole(cue.get("start"), "start"), whole(cue.get("end"), "end")
