"""Whether what a result would be better with is to be had now: then it is made anew, and no other job takes it."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

from samvad.core.errors import NetworkError
from samvad.models import http, patience


def is_to_be_had(place: str | None, endpoint: str | None, url: str | None) -> bool:
    """Say whether something lies in its place on this machine, or whether the service that has it answers.

    Args:
        place: where it will lie when it is there, if that is known.
        endpoint: the name under which the failures of a service are counted, where one gave no answer.
        url: where that service is.
    """
    return bool((place and Path(place).exists()) or (endpoint and url and answers(endpoint, url)))


@functools.cache
def answers(endpoint: str, url: str) -> bool:
    """Say whether a service answers: it is asked once a process, before anything is done again for it."""
    try:
        return http.probe(endpoint, url, url, replace(patience.policy(), attempts=1)) < 500
    except NetworkError:
        return False
