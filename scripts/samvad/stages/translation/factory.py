"""Make the backends that the configuration names, with nothing loaded yet."""

from __future__ import annotations

import importlib
from collections import Counter

from samvad.stages.translation import own_models
from samvad.stages.translation.backends import Backend
from samvad.stages.translation.registry import BACKENDS
from samvad.stages.translation.request import BackendRequest
from samvad.stages.translation.routes import Router
from samvad.stages.translation.terms import Use
from samvad.stages.translation.text_backend import TextBackend


def router(request: BackendRequest) -> Router:
    """Return the backends that the options name, as one.

    Raises:
        ConfigurationError: the folder of a backend's models is not given.
        ModelError: the model named cannot translate.
    """
    names = own_models.backends(request.options.backend, request.options.indictrans2_dir)
    return Router([_made(name, request) for name in names], pivot=request.options.pivot)


def _made(name: str, request: BackendRequest) -> Backend:
    module = importlib.import_module(f"samvad.stages.translation.{BACKENDS[name].module}")
    made: Backend = module.make(request)
    return made


def uses_of(made: Router) -> list[Use]:
    """Return which terms came out how in what the backends have translated from text."""
    return [use for member in made.members.values() if isinstance(member, TextBackend) for use in member.uses]


def counts_of(made: Router) -> Counter[str]:
    """Return the counts of what the backends have translated from text."""
    counts: Counter[str] = Counter()
    for member in made.members.values():
        if isinstance(member, TextBackend):
            counts += member.counts
    return counts
