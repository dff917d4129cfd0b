"""Errors that a user can act on: what is wrong, which file or key, what to do."""

from __future__ import annotations


class SamvadError(Exception):
    """Base of every error that Samvad raises on purpose.

    Args:
        what: one sentence that says what is wrong and names the file or key.
        remedy: one sentence that says what to do.
        path: the file at fault, where there is one.
        stderr_tail: the last lines that a program printed on its standard error, where one has failed.
    """

    category = "bug"
    exit_code = 1

    def __init__(self, what: str, remedy: str = "", *, path: str | None = None, stderr_tail: str = "") -> None:
        super().__init__(f"{what} {remedy}".strip())
        self.what = what
        self.remedy = remedy
        self.path = path
        self.stderr_tail = stderr_tail


class ConfigurationError(SamvadError):
    """A key, an option, or a row of the film sheet is wrong."""

    category = "configuration"
    exit_code = 2


class MediaError(SamvadError):
    """A film cannot be read, or lacks what a stage needs."""

    category = "media"
    exit_code = 3


class ModelError(SamvadError):
    """A model's weights are missing, damaged, or cannot do what is asked."""

    category = "model"
    exit_code = 4


class NetworkError(SamvadError):
    """A service cannot be reached, or refuses.

    Args:
        what: as of every error.
        remedy: likewise.
        endpoint: the name under which its failures are counted, where it gives no answer now and may another time.
    """

    category = "network"
    exit_code = 5

    def __init__(self, what: str, remedy: str = "", *, endpoint: str | None = None) -> None:
        super().__init__(what, remedy)
        self.endpoint = endpoint


class DiskError(SamvadError):
    """No space is left, a file or folder cannot be read or written, or the disk itself fails."""

    category = "disk"
    exit_code = 6


class FailingDiskError(DiskError):
    """The disk itself fails, or the server that it lies on: another time it may not."""


class ChangedFileError(SamvadError):
    """What a stage reads, or its code, is gone or was changed while it was needed, or is not what was written."""

    category = "changed"
    exit_code = 6


class MemoryShortageError(SamvadError):
    """The machine or the device has too little memory."""

    category = "out_of_memory"
    exit_code = 7


class SupersededError(SamvadError):
    """A later attempt of the same stage has begun, so that the results of this one are not wanted."""

    category = "killed"


class ClusterError(SamvadError):
    """SLURM does not answer, or does not do what was asked."""

    category = "configuration"
    exit_code = 2


class SystemLimitError(SamvadError):
    """The system allows this process no more of something, such as open files."""

    category = "configuration"
    exit_code = 2


class TimeLimitError(SamvadError):
    """The stage's job on a cluster has used up the time that it asked for."""

    category = "killed"


class StoppedError(SamvadError):
    """Someone stopped the stage while it was at work."""

    category = "stopped"


class ToolError(SamvadError):
    """A program that a stage calls has failed."""

    category = "media"
    exit_code = 3


class MissingToolError(ToolError):
    """A program that a stage calls is not installed, or gives no answer."""

    category = "configuration"
    exit_code = 2
