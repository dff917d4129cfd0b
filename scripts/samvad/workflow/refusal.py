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


RefusedError.__name__ = "samvad"  # what Snakemake prints before the text
