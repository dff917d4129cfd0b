"""What a run is refused for: said in a line to people, without the places in our code where that was found out."""

from __future__ import annotations

from snakemake.exceptions import WorkflowError


class RefusedError(WorkflowError):  # type: ignore[misc]
    """A run cannot do what it was asked for.

    Snakemake prints an error's class, its text, and lines of our files. The latter say nothing to whoever wrote a wrong
    setting, so it finds none.
    """

    @property
    def __traceback__(self) -> None:
        """Return nothing: see above."""
        return

    @__traceback__.setter
    def __traceback__(self, found: object) -> None:
        """Take what a ``with`` that the error passes through sets, such as that of Snakemake's lock, and forget it."""


RefusedError.__name__ = "samvad"  # what Snakemake prints before the text
