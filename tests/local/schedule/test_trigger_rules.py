"""Trigger rules: the decision for a task, by the states of its upstream tasks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.authoring.scheduling.options import TRIGGER_RULES
from dagfloe.constants import FINISHED, RUNNING
from dagfloe.local.schedule.trigger_rules import RUN, WAIT, Upstream, decide

S, F, K, U, N = "success", "failed", "skipped", "upstream_failed", None

#: What Airflow 3.3 does for each rule, by the upstream states.
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
    """Every rule decides as in Airflow."""
    assert decide(rule, Upstream(states)) == expected


def test_every_rule_is_in_the_table() -> None:
    """The table has all rules that an author can choose."""
    assert set(TABLE) == set(TRIGGER_RULES)


@given(st.sampled_from(TRIGGER_RULES), st.lists(st.sampled_from(sorted(FINISHED)), max_size=6))
def test_no_endless_wait(rule: str, states: list[str | None]) -> None:
    """Once all upstream tasks are done, a task runs or gets a state."""
    assert decide(rule, Upstream(states)) != WAIT


@given(
    st.sampled_from(TRIGGER_RULES),
    st.lists(st.sampled_from([*sorted(FINISHED), RUNNING, None]), min_size=1, max_size=6),
)
def test_early_decisions_hold(rule: str, states: list[str | None]) -> None:
    """Rules that need one upstream state decide to run early, and later states do not change that."""
    if decide(rule, Upstream(states)) == RUN and rule in ("one_success", "one_failed", "one_done", "always"):
        assert decide(rule, Upstream([state if state in FINISHED else "success" for state in states])) == RUN
