"""Ask a language model that speaks OpenAI's protocol of chat completions, on one's own machine or wherever one says.

Nothing is asked of anyone unless ``translation.llm_url`` is set. The key comes from the environment alone.
"""

from __future__ import annotations

import json
import logging
import os
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from samvad.core import outside
from samvad.core.errors import ConfigurationError, ModelError, NetworkError
from samvad.models import http

log = logging.getLogger(__name__)

#: The variable that holds the key of an endpoint that asks for one.
KEY = "SAMVAD_LLM_KEY"
#: No answer of ours is as large.
_LARGEST_BYTES = 4 << 20
_LOCAL = re.compile(r"^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$")
_FENCE = re.compile(r"^\s*```(?:json)?\s*(.*?)\s*```\s*$", re.DOTALL)
_SENDABLE = re.compile(r"[!-~]+")
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)


#: Statuses of a server that refuses a question, not whoever asks.
_REFUSALS = frozenset({400, 413, 422})


class _RefusedError(ValueError):
    """The server refuses a question."""


@dataclass(frozen=True)
class Endpoint:
    """Where a model answers.

    Attributes:
        url: address of the interface, up to and with ``/v1``; holds no password.
        model: its name there.
        timeout_seconds: to wait for a whole answer.
    """

    url: str
    model: str
    timeout_seconds: float

    @property
    def host(self) -> str:
        """Return the server's name and port, for messages and records."""
        return http.address(self.url)

    @property
    def is_here(self) -> bool:
        """Say whether it is this machine: then no proxy is asked, and nothing leaves it."""
        return bool(_LOCAL.match(urllib.parse.urlsplit(self.url).hostname or ""))


def fault(url: str, model: str) -> str:
    """Return what is wrong with an endpoint's address or model as they are set, and what to do; empty: nothing."""
    if not url:
        return "translation.llm_url is empty. Set it to the address of your server, such as http://localhost:8080/v1."
    if not http.is_address(url, "http", "https"):
        return "translation.llm_url is no address. Write one that begins with http:// or https://."
    parts = urllib.parse.urlsplit(url)
    if parts.username or parts.password or parts.query:
        return f"translation.llm_url holds more than an address. Put the key into the variable {KEY}."
    if not model:
        return "translation.llm_model is empty. Set it to the name that the server has for its model."
    return ""


def endpoint(url: str, model: str, timeout_seconds: float) -> Endpoint:
    """Return an endpoint.

    Raises:
        ConfigurationError: its address or model is none.
    """
    if wrong := fault(url, model):
        what, _, remedy = wrong.partition(". ")
        raise ConfigurationError(f"{what}.", remedy)
    return Endpoint(url.rstrip("/"), model, timeout_seconds)


def look(where: Endpoint) -> str:
    """Return what the server says of its model, as far as that stays the same; an empty text where it lists none.

    Raises:
        NetworkError: no server answers, or what answers is none of a language model.
        ModelError: it has no such model.
        ConfigurationError: the key is none.
    """
    try:
        answer = _request(where, "/models", None)
    except ValueError as error:
        raise NetworkError(
            f"{where.host} answered with no JSON ({error}).", _remedy(404), endpoint=where.host
        ) from None
    listed = answer.get("data") if isinstance(answer, dict) else None
    found = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    names = [str(item.get("id")) for item in found]
    if names and where.model not in names:
        some = ", ".join(name[:60] for name in names[:10])
        raise ModelError(f"{where.host} has no model {where.model!r}.", f"Set translation.llm_model; it has: {some}.")
    own = next((item for item in found if item.get("id") == where.model), {})
    return json.dumps({key: own[key] for key in sorted(own) if key != "created"}, ensure_ascii=False) if own else ""


def ask(where: Endpoint, system: str, question: Any) -> Any:
    """Return a model's answer to a question, both JSON values.

    Raises:
        ValueError: the answer is no JSON, or the server refuses this very question, as one that is too long.
        NetworkError: no server answers, or it refuses.
    """
    body = {
        "model": where.model,
        "temperature": 0,
        "seed": 1,
        "stream": False,
        "response_format": {"type": "json_object"},
        "messages": [
            {"role": "system", "content": system},
            {"role": "user", "content": json.dumps(question, ensure_ascii=False)},
        ],
    }
    try:
        answer = _request(where, "/chat/completions", body)
    except _RefusedError:  # some servers have no such form of an answer
        del body["response_format"]
        answer = _request(where, "/chat/completions", body)
    try:
        choice = answer["choices"][0]
        text = choice["message"]["content"]
    except (KeyError, IndexError, TypeError):
        raise ValueError("the server's answer has no message") from None
    if not isinstance(text, str):
        raise ValueError("the server's answer has no text")
    if choice.get("finish_reason") == "length":
        raise ValueError("the answer was cut off")
    text = _THOUGHT.sub("", text)
    fenced = _FENCE.match(text)
    return outside.json_value(fenced[1] if fenced else text)


def _request(where: Endpoint, path: str, body: Mapping[str, Any] | None) -> Any:
    """Return the JSON value that an address answers with; asked again where a failure may pass."""
    import urllib.error
    import urllib.request
    from http.client import HTTPException

    headers = {"Content-Type": "application/json", "User-Agent": "samvad"}
    if key := os.environ.get(KEY, "").strip():
        if not _SENDABLE.fullmatch(key):  # the error of the library would quote it
            raise ConfigurationError(f"The variable {KEY} holds no key: a header cannot have all of it.", "Correct it.")
        headers["Authorization"] = f"Bearer {key}"
    data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace") if body is not None else None

    def send() -> Any:
        request = urllib.request.Request(where.url + path, data, headers)
        try:
            with _opener(where).open(request, timeout=where.timeout_seconds) as answer:
                content = answer.read(_LARGEST_BYTES + 1)
        except urllib.error.HTTPError as error:
            status = f"answered with status {error.code}"
            if error.code in _REFUSALS and body is not None:
                raise _RefusedError(status) from None
            if error.code in http.TRANSIENT_STATUSES:
                raise http.TransientError(status, _retry_after(error.headers.get("Retry-After", ""))) from None
            raise NetworkError(f"{where.host} {status}.", _remedy(error.code), endpoint=where.host) from None
        except TimeoutError:
            raise http.TransientError(f"gave no answer within {where.timeout_seconds:g} s") from None
        except (OSError, HTTPException) as error:
            raise http.TransientError(f"cannot be reached ({getattr(error, 'reason', error)})") from None
        if len(content) > _LARGEST_BYTES:
            raise NetworkError(f"{where.host} answered with more than {_LARGEST_BYTES >> 20} MiB.", "Is it a model?")
        return content

    whole = http.call(where.host, where.host, lambda: http.within(2 * where.timeout_seconds, send))
    return outside.json_value(whole)


def _opener(where: Endpoint) -> Any:
    """Return what opens an address, and none that its server sends on to: dialogue and key go nowhere else."""
    import urllib.request

    class Stays(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None  # the status is then an error

    own = [urllib.request.ProxyHandler({})] if where.is_here else []
    return urllib.request.build_opener(Stays, *own)


def _retry_after(text: str) -> float:
    return float(text) if re.fullmatch(r"\d{1,6}", text.strip()) else 0.0


def _remedy(status: int) -> str:
    if status in (401, 403):
        return f"Set the variable {KEY} to a key that the server takes."
    if status == 404:
        return "Set translation.llm_url to the address up to /v1, and translation.llm_model to a model that it has."
    return "The server's own log says why."
