"""Make a film again from a stage on, though nothing has changed: that stage, and what follows from it."""

from __future__ import annotations

from samvad.commands import _running
from samvad.core import stages
from samvad.core.errors import ConfigurationError
from samvad.settings import configuration, naming

#: The environment that the command runs in.
ENVIRONMENT = "workflow"


def main(argv: list[str] | None = None) -> int:
    """Run the workflow for the film with the stages forced, and show what came of it."""
    p = _running.Parser(
        description=__doc__,
        epilog="A changed film, key, model or decision needs none of this: `samvad film` does what is due by itself.",
        allow_abbrev=False,
    )
    p.add_argument("film", help="its id, title, file, or job")
    p.add_argument("--from", required=True, choices=list(stages.BY_NAME), dest="first", help="the first stage of them")
    _running.add_run_options(p)
    options, more = p.split(argv)
    settings = configuration.project()
    _running.check_run_options(options)
    job = naming.find(options.film, settings)
    if job.film is None:
        raise ConfigurationError(f"{job.folder} has no row in the film sheet.", "Add its film again: samvad film PATH.")
    if not configuration.switches(settings, job.film)[options.first]:
        raise ConfigurationError(f"The stage {options.first} of {job.film.title!r} is switched off.", "Name another.")
    return _running.run(settings, [job.film], options, ["--forcerun", options.first, *more])
