"""What is told when a film is done or has failed: a command, a webhook, an e-mail.

Each film's news is told once, even where telling fails at first: the record ``told.json`` in the job's folder has
what was told, and of which run. Secrets come from the environment: ``SAMVAD_WEBHOOK_SECRET`` signs what a webhook
gets (HMAC with SHA-256 over the body, RFC 2104, in the header ``X-Samvad-Signature``), ``SAMVAD_SMTP`` says by which
server e-mail goes: ``smtp://user:password@server:587``, or ``smtps://``.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import shlex
import smtplib
import ssl
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from samvad.core import redaction, stages, subprocesses, typed_json
from samvad.core.errors import ConfigurationError, NetworkError, SamvadError
from samvad.documents import job_manifest
from samvad.models import http

#: The record in the job's folder.
RECORD = "told.json"
SECRET, SERVER = "SAMVAD_WEBHOOK_SECRET", "SAMVAD_SMTP"
#: The variable in which a command gets the news, as JSON.
NEWS = "SAMVAD_NEWS"
#: News of these states is told.
STATES = ("success", "failed")
_TIMEOUT_SECONDS = 20
#: How long a person's command may say nothing.
_COMMAND_SECONDS = 600


@dataclass(frozen=True)
class Ways:
    """How news are told.

    Attributes:
        command: a program and its words; the variables that it gets are named in docs/watch.md.
        webhook: address that gets them as JSON by POST.
        email: address that they are sent to.
    """

    command: tuple[str, ...] = ()
    webhook: str = ""
    email: str = ""

    @property
    def named(self) -> tuple[str, ...]:
        """Return the names of the ways that are set."""
        return tuple(name for name, value in vars(self).items() if value)


@dataclass(frozen=True, kw_only=True)
class Record:
    """What was told of a job: the ways by the state that they told of; ``extra``: keys that are not known."""

    schema_version: str = "1.0"
    told: dict[str, tuple[str, ...]] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


def ways(command: str, webhook: str, email: str, environ: Mapping[str, str]) -> Ways:
    """Return the ways that options name.

    Raises:
        ConfigurationError: one is not as it must be, or lacks what the environment should have.
    """
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise ConfigurationError(f"--command {command!r}: {error}.", "Quote it as in a shell.") from None
    if webhook and urllib.parse.urlsplit(webhook).scheme not in ("http", "https"):
        raise ConfigurationError(f"--webhook {redaction.redact(webhook)!r} is no address of the web.", "https://…")
    if email and ("@" not in email or any(sign.isspace() for sign in email)):
        raise ConfigurationError(f"--email {email!r} is no address.", "Such as me@example.org.")
    if email and not environ.get(SERVER):
        raise ConfigurationError(
            f"--email needs a server: the variable {SERVER} is not set.",
            f"Such as {SERVER}=smtp://user:password@server:587.",
        )
    if email and not http.is_address(environ[SERVER], "smtp", "smtps"):  # not shown: it may hold a password
        raise ConfigurationError(
            f"The variable {SERVER} is no address of a mail server.",
            "Such as smtp://user:password@server:587, with signs of the password other than letters and digits as %40.",
        )
    return Ways(words, webhook, email)


def tell(job_folder: Path, wanted: Ways, environ: Mapping[str, str]) -> Iterator[str]:
    """Tell what came of a film, by each way that has not told it yet; yield what to tell the user of failures.

    Args:
        job_folder: the film's job.
        wanted: how.
        environ: where secrets come from.
    """
    state = job_manifest.status(job_folder)
    if state not in STATES:
        return
    try:
        news = _news(job_folder, state)
        record = _read(job_folder)
    except SamvadError as error:  # the news of other films are told nevertheless
        yield str(error)
        return
    key = f"{state} {news['run']}"
    told = list(record.told.get(key, ()))
    for way in wanted.named:
        if way in told:
            continue
        try:
            _WAYS[way](wanted, news, environ)
        except SamvadError as error:
            yield f"{news['title']}: {way}: {redaction.redact(str(error))}"
            continue
        told.append(way)
        typed_json.write(job_folder / RECORD, Record(told={**record.told, key: tuple(told)}))


def _news(job_folder: Path, state: str) -> dict[str, Any]:
    manifest = job_manifest.read(job_folder)
    report = job_folder / stages.BY_NAME["subtitle_gen"].folder / "report.html"
    return {
        "event": "film",
        "state": state,
        "title": manifest.input.title,
        "year": manifest.input.year,
        "file": manifest.input.file,
        "job": str(job_folder),
        "run": manifest.run_id,
        "reason": job_manifest.reason(job_folder) if state != "success" else "",
        "results": [str(job_folder / made.path) for made in manifest.output.files],
        "report": str(report) if report.is_file() else "",
    }


def _read(job_folder: Path) -> Record:
    path = job_folder / RECORD
    return typed_json.read(path, Record, "record of what was told", "Remove it.") if path.is_file() else Record()


def _by_command(wanted: Ways, news: Mapping[str, Any], environ: Mapping[str, str]) -> None:
    own = {f"SAMVAD_{key.upper()}": str(news[key] or "") for key in ("state", "title", "file", "job", "report")}
    environment = {**environ, **own, NEWS: json.dumps(news, ensure_ascii=False)}
    done = subprocesses.run(wanted.command, environment=environment, silence_seconds=_COMMAND_SECONDS)
    if done.code:
        raise SamvadError(f"{wanted.command[0]} ended with {done.code}.")


def _by_webhook(wanted: Ways, news: Mapping[str, Any], environ: Mapping[str, str]) -> None:
    import requests

    body = json.dumps(news, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "samvad"}
    if secret := environ.get(SECRET):
        headers["X-Samvad-Signature"] = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()

    def ask() -> None:
        try:
            # What it answers is not read, and it leads nowhere else: the body is for this address alone.
            answer = http.capped_session().post(
                wanted.webhook, data=body, headers=headers, timeout=_TIMEOUT_SECONDS, allow_redirects=False, stream=True
            )
        except requests.RequestException as error:
            raise http.TransientError(f"did not answer ({type(error).__name__})") from None
        answer.close()
        if answer.status_code == 429 or answer.status_code >= 500:
            raise http.TransientError(f"answered {answer.status_code}")
        if answer.status_code >= 300:
            raise NetworkError(f"The webhook answered {answer.status_code}.", "Is its address right?")

    http.call(f"webhook {http.address(wanted.webhook)}", "the webhook", ask)


def _by_email(wanted: Ways, news: Mapping[str, Any], environ: Mapping[str, str]) -> None:
    server = urllib.parse.urlsplit(environ[SERVER])
    message = EmailMessage()
    outcome = "done" if news["state"] == "success" else "failed"
    # A header is one line, whatever stands in a title.
    message["Subject"] = f"Samvad: {' '.join(str(news['title']).split())}: {outcome}"
    message["To"] = message["From"] = wanted.email
    lines = [f"{key}: {value}" for key, value in news.items() if value and key not in ("event", "results")]
    message.set_content("\n".join([*lines, *(f"result: {path}" for path in news["results"])]))
    host, port, is_tls = server.hostname or "", server.port or 0, server.scheme == "smtps"
    secure = ssl.create_default_context()
    if _is_here(host):  # nobody is in between, and its certificate is mostly its own
        secure.check_hostname, secure.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT_SECONDS, context=secure)
            if is_tls
            else smtplib.SMTP(host, port, timeout=_TIMEOUT_SECONDS)
        ) as connection:
            connection.ehlo_or_helo_if_needed()  # before it, nothing is known of what the server offers
            if not is_tls and connection.has_extn("starttls"):
                connection.starttls(context=secure)
            elif not is_tls and server.username and not _is_here(host):
                raise NetworkError("The mail server offers no TLS: it gets no password.", "Is there one by smtps://?")
            if server.username:
                connection.login(urllib.parse.unquote(server.username), urllib.parse.unquote(server.password or ""))
            connection.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise NetworkError(f"The mail server did not take it ({type(error).__name__}).") from None


def _is_here(host: str) -> bool:
    """Say whether a server is on this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_WAYS = {"command": _by_command, "webhook": _by_webhook, "email": _by_email}
