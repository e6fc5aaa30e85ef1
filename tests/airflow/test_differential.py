"""The embedded supervisor behaves like the real one: every scenario runs under both, with the same outcome."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from support.differential.bundles import BUNDLES
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

SCENARIOS = (*ENDINGS, *LINES, *FRAMES, *STARTS, *REQUESTS, *BUNDLES, *LOOKUPS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name.replace(" ", "_"))
def test_no_difference(
    supervisor: Supervisor, dist: Path, demo_bundles: Path, tmp_path: Path, scenario: Scenario
) -> None:
    """State, status, requests, replies and log are the same."""
    if supervisor.can("3.4"):
        pytest.skip("the embedded supervisor behaves like that of 3.3")
    built = demo_bundles if scenario.bundle == "demo" else dist
    real = run_real(supervisor.ask, scenario, scenario.write(tmp_path / "real", built))
    embedded = run_embedded(scenario, scenario.write(tmp_path / "embedded", built))
    lines = differences(real, embedded)
    assert not lines, "\n".join(lines)


def test_differences_are_found() -> None:
    """The comparison finds a difference in every field of an outcome, and in the type of a number."""
    outcome = Outcome(None, "success", 0, [{"type": "SucceedTask"}], [[0, None, None]], {"logs": [{"n": 1}]}, [])
    changes: dict[str, Any] = {
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
    assert differences(outcome, replace(outcome)) == []
    for name, value in changes.items():
        [line] = differences(outcome, replace(outcome, **{name: value}))
        assert line.startswith(name), line
