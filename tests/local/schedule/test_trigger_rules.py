"""Trigger rules: what becomes of a task, by the states before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.authoring.options import TRIGGER_RULES
from dagfloe.local.schedule.trigger_rules import RUN, WAIT, Upstream, decide
from dagfloe.model.states import FINISHED, RUNNING

S, F, K, U, N = "success", "failed", "skipped", "upstream_failed", None

#: What Airflow 3.3 does for each rule, by the states before the task.
TABLE: dict[str, list[tuple[list[str | None], str]]] = {
    "all_success": [([S, S], RUN), ([S, N], WAIT), ([F, N], U), ([U], U), ([K, N], K), ([K, F], U)],
    "all_failed": [([F, U], RUN), ([F, N], WAIT), ([S, N], K), ([K], K)],
    "all_done": [([S, F, K, U], RUN), ([S, N], WAIT)],
    "all_done_min_one_success": [([S, F], RUN), ([S, N], WAIT), ([F, U], U), ([S, K], K)],
    "one_success": [([S, N], RUN), ([F, N], WAIT), ([F, K], U), ([K, K], K)],
    "one_failed": [([F, N], RUN), ([U, N], RUN), ([S, N], WAIT), ([S, K], K)],
    "one_done": [([S, N], RUN), ([F, N], RUN), ([K, N], WAIT), ([K, U], K)],
    "none_failed": [([S, K], RUN), ([K, K], RUN), ([S, N], WAIT), ([F, N], U), ([U], U)],
    "none_failed_min_one_success": [([S, K], RUN), ([K, K], K), ([S, N], WAIT), ([F, N], U)],
    "none_skipped": [([S, F], RUN), ([S, N], WAIT), ([K, N], K)],
    "all_skipped": [([K, K], RUN), ([K, N], WAIT), ([S, N], K), ([U, N], K), ([K, "removed"], K)],
    "always": [([N, F], RUN)],
}


@pytest.mark.parametrize(
    ("rule", "states", "expected"), [(rule, *case) for rule, cases in TABLE.items() for case in cases]
)
def test_rules(rule: str, states: list[str | None], expected: str) -> None:
    """Each rule decides as Airflow does."""
    assert decide(rule, Upstream(states)) == expected


def test_every_rule_is_in_the_table() -> None:
    """The rules that an author may choose are all here."""
    assert set(TABLE) == set(TRIGGER_RULES)


@given(st.sampled_from(TRIGGER_RULES), st.lists(st.sampled_from(sorted(FINISHED)), max_size=6))
def test_nothing_waits_for_ever(rule: str, states: list[str | None]) -> None:
    """Once all before it are done, a task runs or gets a state."""
    assert decide(rule, Upstream(states)) != WAIT


@given(
    st.sampled_from(TRIGGER_RULES),
    st.lists(st.sampled_from([*sorted(FINISHED), RUNNING, None]), min_size=1, max_size=6),
)
def test_what_runs_early_runs_in_the_end(rule: str, states: list[str | None]) -> None:
    """A decision to run stays one, whatever becomes of the others, but for rules that a later skip or failure ends."""
    if decide(rule, Upstream(states)) == RUN and rule in ("one_success", "one_failed", "one_done", "always"):
        assert decide(rule, Upstream([each if each in FINISHED else "success" for each in states])) == RUN
