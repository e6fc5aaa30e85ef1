"""Airflow's trigger rules: when a task runs, by the states of its upstream task instances. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dagfloe.constants import FAILED, FINISHED, REMOVED, SKIPPED, SUCCESS, TEARDOWN_RULE, UPSTREAM_FAILED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

RUN, WAIT = "run", "wait"


class Upstream:
    """The numbers of a task's upstream task instances by state.

    Args:
        states: their states; None for task instances without a state yet.
        setup_states: the states of those that are setups.
    """

    def __init__(self, states: Iterable[str | None], setup_states: Iterable[str | None] = ()) -> None:
        counts = Counter(states)
        self.setups = Counter(setup_states)
        self.total = counts.total()
        self.success = counts[SUCCESS]
        self.skipped = counts[SKIPPED]
        self.removed = counts[REMOVED]
        self.failed = counts[FAILED] + counts[UPSTREAM_FAILED]
        self.failed_itself = counts[FAILED]
        self.is_done = sum(counts[state] for state in FINISHED) == self.total


def decide(rule: str, upstream: Upstream) -> str:
    """Decide what happens to a task now.

    Args:
        rule: the trigger rule; an unknown rule means `all_success`.
        upstream: the upstream task instances.

    Returns:
        `run`, `wait`, or the state that the task gets without running.
    """
    if upstream.total == 0:
        return RUN
    return _RULES.get(rule, _all_success)(upstream)


def _all_success(up: Upstream) -> str:
    if up.failed:
        return UPSTREAM_FAILED
    if up.skipped:
        return SKIPPED
    return RUN if up.success + up.removed == up.total else WAIT


def _all_failed(up: Upstream) -> str:
    if up.success or up.skipped:
        return SKIPPED
    return RUN if up.failed + up.removed == up.total else WAIT


def _all_done(up: Upstream) -> str:
    return RUN if up.is_done else WAIT


def _all_done_min_one_success(up: Upstream) -> str:
    if up.skipped:
        return SKIPPED
    if not up.is_done:
        return WAIT
    return RUN if up.success else UPSTREAM_FAILED


def _all_done_setup_success(up: Upstream) -> str:
    if not up.is_done:
        return WAIT
    if up.setups[SUCCESS] or not up.setups:
        return RUN
    return SKIPPED if up.setups[SKIPPED] == up.setups.total() else UPSTREAM_FAILED


def _one_success(up: Upstream) -> str:
    if up.success:
        return RUN
    if not up.is_done:
        return WAIT
    return SKIPPED if up.skipped == up.total else UPSTREAM_FAILED


def _one_failed(up: Upstream) -> str:
    if up.failed:
        return RUN
    return SKIPPED if up.is_done else WAIT


def _one_done(up: Upstream) -> str:
    if up.success or up.failed_itself:
        return RUN
    return SKIPPED if up.is_done else WAIT


def _none_failed(up: Upstream) -> str:
    if up.failed:
        return UPSTREAM_FAILED
    return RUN if up.is_done else WAIT


def _none_failed_min_one_success(up: Upstream) -> str:
    if up.failed:
        return UPSTREAM_FAILED
    if up.skipped == up.total:
        return SKIPPED
    if not up.is_done:
        return WAIT
    return RUN if up.success else UPSTREAM_FAILED


def _none_skipped(up: Upstream) -> str:
    if up.skipped:
        return SKIPPED
    return RUN if up.is_done else WAIT


def _all_skipped(up: Upstream) -> str:
    if up.skipped == up.total:
        return RUN
    return SKIPPED if up.success or up.failed or up.is_done else WAIT


def _always(_up: Upstream) -> str:
    return RUN


_RULES: dict[str, Callable[[Upstream], str]] = {
    "all_done": _all_done,
    "all_done_min_one_success": _all_done_min_one_success,
    TEARDOWN_RULE: _all_done_setup_success,
    "all_failed": _all_failed,
    "all_skipped": _all_skipped,
    "all_success": _all_success,
    "always": _always,
    "none_failed": _none_failed,
    "none_failed_min_one_success": _none_failed_min_one_success,
    "none_skipped": _none_skipped,
    "one_done": _one_done,
    "one_failed": _one_failed,
    "one_success": _one_success,
}
