"""Snakemake, started once: each command that the tests give is carried out by a copy of this process.

To start Snakemake takes more than most of what the tests ask of it, and there are hundreds of commands. A copy is what
the command would be once Python has imported Snakemake: it has the command's words, folder and environment, imports
nothing of the project before it is asked to, and ends as Python does. ``test_started_snakemake.py`` compares the two.

Run by the workflow's own Python, with a socket as its standard input and the command's path as its one word, by which
the environment knows that it starts Snakemake. Each message is JSON, the words of a command line, the folder and the
environment, and comes with three handles: standard output, standard error, and a socket for the number of the process
and for its exit code.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import socket
import sys
import tempfile
import time
from pathlib import Path

import jsonschema_rs  # noqa: F401 -- this and the next are what a command imports when it is at work
import smart_open  # noqa: F401
from snakemake import cli, workflow


def become_a_command() -> None:
    """Return in a copy of this process that is to be a command; end where no more are to come."""
    given = socket.socket(fileno=os.dup(0))
    while True:
        message, handles, _, _ = socket.recv_fds(given, 1 << 20, 3)
        if not message:
            os._exit(0)
        if os.fork() == 0:
            break
        for handle in handles:
            os.close(handle)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    given.close()
    out, err, answer = handles
    child = os.fork()
    if child:  # this copy waits for the command
        os.close(out)
        os.close(err)
        with socket.socket(fileno=answer) as told:
            told.sendall(b"%d\n" % child)
            told.sendall(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        os._exit(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for handle, number in ((nothing, 0), (out, 1), (err, 2)):
        os.dup2(handle, number)
        os.close(handle)
    os.close(answer)
    words, folder, environment = json.loads(message)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    workflow.Workflow._rundir = str(Path.cwd())  # which Snakemake asks for as it is imported
    time.tzset()
    tempfile.tempdir = None
    sys.argv = words
    sys.orig_argv[1:] = words
    sys.path[0] = str(Path(words[0]).resolve().parent)  # as Python does, whose folder is a link


if __name__ == "__main__":
    cli.get_argument_parser()  # it imports the plug-ins, for their options
    gc.collect()
    gc.freeze()
    become_a_command()
    sys.exit(cli.main())
