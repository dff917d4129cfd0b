"""Run the programs that Samvad calls: what they print goes into the log, none hangs for ever or is left behind.

No other module starts a program: ``run`` is for work, ``ask`` for a short question, ``start`` for a word to pass on,
``Partner`` for one that answers again and again.
"""

from __future__ import annotations

import contextlib
import io
import logging
import math
import os
import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from samvad.core import files, held_files, outside, stopped_threads, variables
from samvad.core.errors import MemoryShortageError, MissingToolError, ToolError

log = logging.getLogger(__name__)

#: Seconds without a word after which a program counts as hung, where the variable of the environment says no other
#: number (the key machines.silence_seconds): a busy file server may take minutes.
SILENCE_SECONDS = 600.0
#: Seconds in which a program answers a short question.
ANSWER_SECONDS = 60.0
TAIL_LINES = 40
#: ffmpeg's running display: a sign of life, but nothing to keep.
_PROGRESS = re.compile(r"^(frame|size)= *\S+ .*(time|bitrate)=")
_FIGURES = re.compile(r"0x[0-9a-fA-F]+|\d+")
_BLOCK_BYTES = 1 << 16
#: What ffmpeg and others say when the system has no more memory (ENOMEM).
_NO_MEMORY = "Cannot allocate memory"


@dataclass(frozen=True)
class Done:
    """A program that has ended.

    Attributes:
        code: its exit code.
        output: what it wrote to its standard output, unless that was read line by line.
        tail: the last 40 lines of its standard error.
    """

    code: int
    output: bytes
    tail: str

    @property
    def stdout(self) -> str:
        """Return its output as text."""
        return self.output.decode("utf-8", "replace")

    @property
    def last_line(self) -> str:
        """Return the last thing it said on its standard error, for a message."""
        return self.tail.splitlines()[-1] if self.tail else "no message"


def run(
    command: Sequence[str | Path],
    *,
    stdout_line: Callable[[str], None] | None = None,
    stdout_block: Callable[[bytes], None] | None = None,
    stderr_line: Callable[[str], None] | None = None,
    environment: Mapping[str, str] | None = None,
    writes: Path | None = None,
    silence_seconds: float | None = None,
) -> Done:
    """Run a program to its end; its exit code is for the caller to judge.

    Args:
        command: the program and its arguments.
        stdout_line: called with each line of its standard output, which is otherwise kept.
        stdout_block: called in its place with each block of bytes of that output, where it is no text.
        stderr_line: called with each line of its standard error, which is logged in any case.
        environment: in place of this process's.
        writes: the file that it makes, for the log.
        silence_seconds: it is stopped when it has said nothing for so long; None: as the configuration says.

    Raises:
        MissingToolError: it is not installed.
        ToolError: it was stopped.
        MemoryShortageError: it was killed, or had no memory.
        StoppedError: this process is being stopped.
    """
    stopped_threads.check()
    name = Path(command[0]).name
    log.debug("Running %s", [str(word) for word in command], extra={"rate_key": name})
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
    except OSError as error:
        raise _not_started(name, error) from None
    with process, stopped_threads.known(process):
        watched = _Watched(process, name, stdout_line, stdout_block, stderr_line)
        try:
            watched.wait(allowed_silence() if silence_seconds is None else silence_seconds)
        finally:
            if process.poll() is None:  # hung, or this process is being ended
                process.kill()
    stopped_threads.check()
    if watched.error is not None:
        raise watched.error
    done = Done(process.returncode, bytes(watched.output), "\n".join(watched.tail))
    if done.code == -signal.SIGKILL or (done.code and _NO_MEMORY in done.tail):
        raise _killed(name, done.tail)
    if done.code < 0:
        raise _crashed(name, done)
    _log_end(name, done, watched.seconds, writes)
    return done


def allowed_silence() -> float:
    """Return for how many seconds a program may say nothing."""
    try:
        given = float(os.environ.get(variables.SILENCE_SECONDS) or SILENCE_SECONDS)
    except ValueError:
        return SILENCE_SECONDS
    return given if math.isfinite(given) and given > 0 else SILENCE_SECONDS


def ask(command: Sequence[str | Path], seconds: float = ANSWER_SECONDS) -> str:
    """Return what a program answers to a short question.

    Args:
        command: the program and its arguments.
        seconds: it is stopped when it has not answered by then.

    Raises:
        MissingToolError: it is not installed, or does not answer in time.
        ToolError: it fails.
        MemoryShortageError: it was killed.
    """
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=seconds, errors="replace"
        )
    except subprocess.TimeoutExpired:
        what = f"The program {name} gave no answer within {seconds:.0f} s."
        raise MissingToolError(what, "Run it by hand to see why.") from None
    except OSError as error:
        raise _not_started(name, error) from None
    if done.returncode:
        tail = "\n".join(done.stderr.strip().splitlines()[-TAIL_LINES:])
        if done.returncode == -signal.SIGKILL:
            raise _killed(name, tail)
        raise ToolError(
            f"{name} failed (exit code {done.returncode}): {tail or 'no message'}",
            "Run it by hand to see why.",
            stderr_tail=tail,
        )
    return done.stdout


def start(command: Sequence[str]) -> None:
    """Start a program whose answer nobody needs: its end is not waited for, and where it is missing, no matter."""
    with contextlib.suppress(OSError):
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _crashed(name: str, done: Done) -> ToolError:
    """Return the error for a program that a signal has ended, which is not the fault of the file that it read."""
    try:
        ended_by = signal.Signals(-done.code).name
    except ValueError:
        ended_by = f"signal {-done.code}"
    return ToolError(
        f"{name} crashed ({ended_by}).",
        "Is it a whole, current version, and may it write files as large as it has to (`ulimit -f`)?",
        stderr_tail=done.tail,
    )


def _killed(name: str, tail: str) -> MemoryShortageError:
    """Return the error for a program that something else killed: nearly always the kernel, when memory ran out."""
    return MemoryShortageError(
        f"The program {name} was killed, most likely by the system because memory ran out.",
        "Free some memory, or run fewer jobs at once; `dmesg` names what was killed.",
        stderr_tail=tail,
    )


def _not_started(name: str, error: OSError) -> MissingToolError:
    if isinstance(error, FileNotFoundError):
        return MissingToolError(f"The program {name} is not installed.", "Run `make setup`, which says how.")
    return MissingToolError(f"The program {name} cannot be started: {error.strerror}.", "Is it made for this machine?")


class _Watched:
    """A program at work: two threads read what it prints, so that neither pipe fills up."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        name: str,
        stdout_line: Callable[[str], None] | None,
        stdout_block: Callable[[bytes], None] | None,
        stderr_line: Callable[[str], None] | None,
    ) -> None:
        self.output = bytearray()
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self.error: BaseException | None = None
        self._process = process
        self._name = name
        self._started = self._heard = time.monotonic()
        self._readers = [
            self._reader("stdout", self._read_lines, process.stdout, stdout_line)
            if stdout_line
            else self._reader("stdout", self._read_blocks, process.stdout, stdout_block or self.output.extend),
            self._reader("stderr", self._read_stderr, process.stderr, stderr_line),
        ]

    @property
    def seconds(self) -> float:
        """Return the seconds since the program was started."""
        return time.monotonic() - self._started

    def wait(self, silence_seconds: float) -> None:
        """Wait for the program's end."""
        for reader in self._readers:
            while reader.is_alive():
                reader.join(min(1.0, silence_seconds / 4))
                if self.error is not None:
                    return
                if time.monotonic() - self._heard > silence_seconds:
                    raise ToolError(
                        f"{self._name} said nothing for {silence_seconds:.0f} s and was stopped after "
                        f"{self.seconds:.0f} s.",
                        "Is the disk that it reads or writes still there, and not overloaded? Then run again, or allow "
                        "a longer silence with the key machines.silence_seconds.",
                        stderr_tail="\n".join(self.tail),
                    )
        self._process.wait()

    def _reader(self, which: str, *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=self._guard, args=arguments, name=f"{self._name}-{which}", daemon=True)
        thread.start()
        return thread

    def _guard(self, read: Callable[..., None], stream: IO[bytes], called: Callable[..., None] | None) -> None:
        """Read a stream; an error of the caller's function is handed to the caller's thread."""
        try:
            read(stream, called)
        except BaseException as error:
            self.error = error

    def _read_blocks(self, stream: io.BufferedReader, called: Callable[[bytes], None]) -> None:
        while block := stream.read1(_BLOCK_BYTES):
            self._heard = time.monotonic()
            called(block)

    def _read_lines(self, stream: IO[bytes], called: Callable[[str], None]) -> None:
        for line in io.TextIOWrapper(stream, encoding="utf-8", errors="replace"):  # a lone \r ends a line too
            self._heard = time.monotonic()
            called(line.rstrip("\n"))

    def _read_stderr(self, stream: IO[bytes], called: Callable[[str], None] | None) -> None:
        def keep(line: str) -> None:
            line = held_files.shown(line)
            if not line.strip() or _PROGRESS.match(line):
                return
            self.tail.append(line)
            # Lines that differ in their figures alone are of a kind: a damaged film brings thousands of them.
            log.debug("%s: %s", self._name, line, extra={"rate_key": (self._name, _FIGURES.sub("0", line))})
            if called is not None:
                called(line)

        self._read_lines(stream, keep)


def _log_end(name: str, done: Done, seconds: float, writes: Path | None) -> None:
    if done.code:
        log.debug("%s ended after %.1f s with exit code %d", name, seconds, done.code)
    elif writes is not None and writes.is_file():
        log.debug("%s ended after %.1f s: %d bytes written to %s", name, seconds, writes.stat().st_size, writes.name)
    else:
        log.debug("%s ended after %.1f s", name, seconds, extra={"rate_key": name})


class Aside:
    """A program that works by itself, with what it says in a file; it goes on where this process ends.

    Args:
        command: the program and its arguments.
        folder: where it works.
        said: the file for what it writes to its output and its errors; made anew.
        environment: in place of this process's.

    Raises:
        MissingToolError: there is no such program.
        DiskError: the file cannot be written.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, said: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        with files.disk_errors(said):
            said.parent.mkdir(parents=True, exist_ok=True)
            output = said.open("wb")
        with output:
            try:
                self._process = subprocess.Popen(
                    command,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=environment and dict(environment),
                    start_new_session=True,
                )
            except OSError as error:
                raise _not_started(command[0], error) from None
        self.said = said

    @property
    def code(self) -> int | None:
        """Return its exit code, or 128 and the signal that ended it; None while it works."""
        code = self._process.poll()
        return code if code is None or code >= 0 else 128 - code

    def stop(self) -> None:
        """Ask it, and all that it has started, to end, as Ctrl-C does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGINT)

    def tail(self, lines: int = TAIL_LINES) -> str:
        """Return the last lines of what it has said."""
        try:
            data = outside.read_bytes(self.said, outside.LARGEST_LOG_BYTES)
        except OSError:
            return ""
        return "\n".join(data.decode("utf-8", "replace").splitlines()[-lines:])


class Partner:
    """A program that is told things by lines and answers by lines, for as long as this process wants it.

    When its input ends, because this process closed it or is no more, it is to end.

    Args:
        command: the program and its arguments.
        heard: is called with each line of its output, in a thread of its own.
        ended: is called when its output has ended, with what it said last on its standard error.
        environment: in place of this process's.

    Raises:
        MissingToolError: there is no such program.
    """

    def __init__(
        self,
        command: Sequence[str],
        heard: Callable[[str], None],
        ended: Callable[[str], None],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._name = Path(command[0]).name
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment and dict(environment),
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            raise _not_started(command[0], error) from None
        self._saying = threading.Lock()
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        errors = threading.Thread(target=self._read_errors, daemon=True)
        errors.start()
        threading.Thread(target=self._read, args=(heard, ended, errors), daemon=True).start()

    def say(self, line: str) -> None:
        """Tell it a line.

        Raises:
            ToolError: it has ended.
        """
        with self._saying:
            try:
                if self._process.stdin is None:
                    raise ValueError("nobody listens")
                self._process.stdin.write(line + "\n")
                self._process.stdin.flush()
            except (OSError, ValueError) as error:
                raise ToolError(f"{self._name} has ended ({error}).", "Its last lines say why.") from None

    def end(self, seconds: float) -> None:
        """Let it end, by the end of its input; it is killed where it has not ended after so many seconds."""
        # Where it no longer reads, whoever tells it something waits, and to close its input would be to wait as well.
        if self._saying.acquire(timeout=seconds):
            with contextlib.suppress(OSError, ValueError):
                if self._process.stdin is not None:
                    self._process.stdin.close()
            self._saying.release()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
                return
        self._process.kill()
        self._process.wait()

    def _read(self, heard: Callable[[str], None], ended: Callable[[str], None], errors: threading.Thread) -> None:
        for line in self._process.stdout or ():
            heard(line.rstrip("\n"))
        errors.join(1.0)
        ended("\n".join(self._tail))

    def _read_errors(self) -> None:
        for line in self._process.stderr or ():
            self._tail.append(line.rstrip("\n"))
            log.debug(
                "%s: %s", self._name, line.rstrip("\n"), extra={"rate_key": (self._name, _FIGURES.sub("0", line))}
            )


def hand_over(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    heard: Callable[[], object] = lambda: None,
) -> int:
    """Let a program have the terminal until it ends; return its exit code, or 128 and the signal that ended it.

    Ctrl-C reaches both: it is the program's to obey. Where it did not end well after that, 130 is returned, whatever it
    made of it. Another signal to this process is passed on.

    Args:
        command: the program and its arguments.
        folder: where it works.
        environment: in place of this process's.
        heard: is called when such a signal comes.

    Raises:
        MissingToolError: there is no such program.
    """

    def pass_on(given: int, _: object) -> None:
        heard()
        child.send_signal(given)

    was_interrupted = False

    def interrupted(*_: object) -> None:
        nonlocal was_interrupted
        was_interrupted = True
        heard()

    # A handler, and not SIG_IGN, which the program would inherit.
    before = signal.signal(signal.SIGINT, interrupted)
    try:
        child = subprocess.Popen(command, cwd=folder, env=environment and dict(environment))
        others = {number: signal.signal(number, pass_on) for number in (signal.SIGTERM, signal.SIGHUP)}
        code = child.wait()
        for number, handler in others.items():
            signal.signal(number, handler)
    except OSError as error:
        raise _not_started(command[0], error) from None
    finally:
        signal.signal(signal.SIGINT, before)
    if code and was_interrupted:
        return 128 + signal.SIGINT
    return code if code >= 0 else 128 - code
