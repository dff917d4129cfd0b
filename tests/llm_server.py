"""A server that speaks OpenAI's protocol of chat completions as llama.cpp's does; its model knows a few sentences.

What it is asked comes over HTTP, and what goes wrong with such servers can be had from it.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

#: What the model knows; a mark in a sentence stays where it is.
KNOWN = {
    "मैं घर जा रही हूँ।": "I am going home.",
    "तुम कल कहाँ थे?": "Where were you yesterday?",
    "मुझे नहीं पता।": "I do not know.",
    "<ID1> कल 9 बजे आएगा।": "<ID1> will come tomorrow at 9 o'clock.",
    "हाँ।": "Yes.",
}


class Fault:
    """What a server does in place of answering: a status with headers, another content, or nothing for a while."""

    def __init__(self, status: int = 200, content: str = "", headers: dict[str, str] | None = None) -> None:
        self.status, self.content, self.headers = status, content, headers or {}


class Server(http.server.ThreadingHTTPServer):
    """Answers by ``KNOWN``; ``faults`` come first, one for each question.

    Attributes:
        page: what stands in the place of the list of its models, where it is none.
        bodies: questions to ``/v1/chat/completions``.
        keys: the header Authorization of each request.
        answer: what the model says to a question; to be replaced by tests.
        held: while it is not set, questions have no answer.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.faults: list[Fault] = []
        self.models: list[dict[str, Any]] = [{"id": "tiny", "object": "model", "created": 1, "owned_by": "test"}]
        self.page = ""
        self.answer: Callable[[dict[str, Any]], Any] = translated
        self.held = threading.Event()
        self.held.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def questions(self) -> list[dict[str, Any]]:
        """Return what the user message of each question holds."""
        return [json.loads(body["messages"][1]["content"]) for body in self.bodies]


def translated(question: dict[str, Any]) -> Any:
    """Return what the model says: each sentence as it knows it, and the same of all others."""
    return {"translations": [KNOWN.get(item["text"], "Well, that.") for item in question["sentences"]]}


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.keys.append(self.headers["Authorization"])
        if self.path == "/v1/models":
            listed = json.dumps({"object": "list", "data": self.server.models})
            self._send(Fault(content=self.server.page or listed))
        else:
            self._send(Fault(404))

    def do_POST(self) -> None:
        self.server.keys.append(self.headers["Authorization"])
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/v1/chat/completions":
            self._send(Fault(404))
            return
        self.server.bodies.append(body)
        self.server.held.wait(60)
        if self.server.faults:
            self._send(self.server.faults.pop(0))
            return
        said = self.server.answer(json.loads(body["messages"][1]["content"]))
        self._send(Fault(content=completion(said if isinstance(said, str) else json.dumps(said, ensure_ascii=False))))

    def _send(self, fault: Fault) -> None:
        data = fault.content.encode()
        self.send_response(fault.status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(data)),
            **fault.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


def completion(text: str, finish: str = "stop") -> str:
    """Return a chat completion with a text, as the protocol has it."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    about = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "tiny"}
    return json.dumps({**about, "choices": [choice], "usage": usage})


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Serve, and stop."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.held.set()
            server.shutdown()
            thread.join()
