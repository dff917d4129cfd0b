"""What it takes to be a module of somebody's own workflow: rules under other names, beside rules that are not ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from snakemake.exceptions import WorkflowError

_Made = TypeVar("_Made")

#: Our names of rules by Snakemake's: a workflow that takes ours in as a module may name them anew, and has its own.
_ours: dict[str, str] = {}


def know_rules(workflow: Any, names: Iterable[str]) -> None:
    """Take note of what Snakemake calls the rules that the Snakefile which is being read is about to make.

    Raises:
        WorkflowError: the paths of the rules are to be changed, which those who write the files do not know.
    """
    modifier = workflow.modifier
    if modifier.modify_path("out/manifest.json") != "out/manifest.json":
        raise WorkflowError(
            "Samvad's paths cannot be changed by `prefix` or `replace_prefix` of the module: its stages write the "
            "files and do not know of that. Set output_root in the module's config."
        )
    wanted, unwanted = modifier.rule_whitelist, modifier.rule_exclude_list or ()
    for name in names:
        if (wanted is None or name in wanted) and name not in unwanted:
            _ours[modifier.modify_rulename(name)] = name


def our_name(rule: str) -> str:
    """Return our name of a rule; empty where it is somebody else's."""
    return _ours.get(rule, "") if _ours else rule


def has_others(workflow: Any) -> bool:
    """Say whether there are rules of somebody else's, once all is read: they may take in what ours ask for."""
    return any(not our_name(rule.name) for rule in workflow.rules)


def config_is_given(workflow: Any) -> bool:
    """Say whether a workflow that takes ours in says the whole configuration, so that no file of it is read."""
    return bool(workflow.modifier.skip_configfile)


def once(workflow: Any, settings: object, make: Callable[[], _Made]) -> _Made:
    """Return what there is to be one of in a workflow, made by the first of several readings of our Snakefile.

    Each ``use rule … from`` of a module reads its Snakefile anew, to take other rules of it, or to change some.

    Args:
        workflow: Snakemake's.
        settings: what it is made for.
        make: makes it.

    Raises:
        WorkflowError: it was made for other settings.
    """
    known = getattr(workflow, "_samvad", None)
    if known is None:
        known = workflow._samvad = (settings, make())
    elif known[0] != settings:
        raise WorkflowError(
            "Samvad is taken in twice, with different settings. A workflow can take it in once: put the films of both "
            "into one film sheet, or run them one after the other."
        )
    made: _Made = known[1]
    return made
