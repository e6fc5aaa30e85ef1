"""The embedded supervisor does what the real one does: every scenario runs under both, and nothing may differ."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from support.differential.built import BUILT
from support.differential.embedded import run_embedded
from support.differential.endings import ENDINGS
from support.differential.frames import FRAMES
from support.differential.lines import LINES
from support.differential.lookups import LOOKUPS
from support.differential.outcome import Outcome, differences
from support.differential.real import run_real
from support.differential.requests import REQUESTS
from support.differential.starts import STARTS

if TYPE_CHECKING:
    from pathlib import Path

    from support.differential.scenario import Scenario

    from .conftest import Supervisor  # type: ignore[import-not-found,unused-ignore]

SCENARIOS = (*ENDINGS, *LINES, *FRAMES, *STARTS, *REQUESTS, *BUILT, *LOOKUPS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name.replace(" ", "_"))
def test_no_difference(
    supervisor: Supervisor, dist: Path, odd_bundles: Path, tmp_path: Path, scenario: Scenario
) -> None:
    """The state, the status, the requests, the replies and the log are the same."""
    if supervisor.can("3.4"):
        pytest.skip("the embedded supervisor is that of 3.3")
    built = odd_bundles if scenario.dag_id == "conformance" else dist
    real = run_real(supervisor.ask, scenario, scenario.write(tmp_path / "real", built))
    embedded = run_embedded(scenario, scenario.write(tmp_path / "embedded", built))
    found = differences(real, embedded)
    assert not found, "\n".join(found)


def test_differences_are_found() -> None:
    """Nothing of an outcome can differ unseen, the type of a number included."""
    one = Outcome(None, "success", 0, [{"type": "SucceedTask"}], [[0, None, None]], {"logs": [{"n": 1}]}, [])
    others: dict[str, Any] = {
        "loss": "lost",
        "state": "failed",
        "exit_code": False,
        "understood": [],
        "received": [[1, None, None]],
        "records": {"logs": [{"n": 1.0}]},
        "own": ["overtime"],
        "xcoms": {"k": None},
        "variables": {"k": None},
    }
    assert differences(one, replace(one)) == []
    for name, value in others.items():
        [found] = differences(one, replace(one, **{name: value}))
        assert found.startswith(name), found
