"""Names of the environment variables through which the workflow tells every stage, on whatever machine, what it needs.

None of them changes a result, so they are no options of stages: a change of one reruns nothing.
"""

from __future__ import annotations

#: The folder that somebody works in, where that is not the project's own (``samvad.core.places``).
WORK = "SAMVAD_WORK"
#: How the project's command was called, with its folder of work: ``./samvad``, ``samvad -d films``. It sets it itself.
CALLED = "SAMVAD_CALLED"
#: The mark of the run that started the stage.
RUN = "SAMVAD_RUN"
#: Folder on a fast disk of the machine, for work in progress; empty for none (the key ``machines.scratch``).
SCRATCH = "SAMVAD_SCRATCH"
#: How long to wait for a file that a shared disk shows late, in seconds (the key ``machines.wait_seconds``).
WAIT_SECONDS = "SAMVAD_WAIT_SECONDS"
#: How long a program may say nothing before it is stopped, in seconds (the key ``machines.silence_seconds``).
SILENCE_SECONDS = "SAMVAD_SILENCE_SECONDS"
#: Who provides the environments: ``conda``, or unset for the virtual environments of ``make setup``.
DEPLOYMENT = "SAMVAD_DEPLOYMENT"
#: How to use the network, as JSON (the keys below ``network``).
NETWORK = "SAMVAD_NETWORK"
#: What servers of films ask for, as JSON: the header Authorization by name of host, or HOST:PORT. Set by people.
FILM_CREDENTIALS = "SAMVAD_FILM_CREDENTIALS"
#: The profile that commands run Snakemake with, where none is named: one of ``profiles/``, or a path.
PROFILE = "SAMVAD_PROFILE"
#: Set to ``no`` by whoever prints where the results are after the run, so that the run does not.
SUMMARY = "SAMVAD_SUMMARY"
#: Set to ``yes`` by a run that tells people itself what stages warn of and why they fail, once: they print none of it.
TOLD = "SAMVAD_TOLD"
#: Which part of a large plan a run makes, as JSON, by which it tells that to itself (``samvad.workflow.parts``).
PART = "SAMVAD_PART"
