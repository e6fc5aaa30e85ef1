"""The pytest plugin: the fixture `dagfloe_env`, and the logs of tasks in the report of a failed test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from dagfloe.testing import TaskEnvironment

_ENVIRONMENT = pytest.StashKey["TaskEnvironment"]()


@pytest.fixture
def dagfloe_env(request: pytest.FixtureRequest) -> TaskEnvironment:
    """A new `dagfloe.testing.TaskEnvironment`: an Airflow in memory in which the test runs tasks."""
    from dagfloe.testing import TaskEnvironment  # noqa: PLC0415 - sessions without the fixture do not pay for it

    environment = TaskEnvironment()
    request.node.stash[_ENVIRONMENT] = environment
    return environment


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the log of every try to the report of a failed test."""
    report = yield
    environment = item.stash.get(_ENVIRONMENT, None)
    if environment is not None and report.when == "call" and report.failed:
        for result in environment.results:
            title = f"dagfloe: {result.name}, try {result.run.try_number}: {result.state}"
            report.sections.append((title, result.log.text))
    return report
