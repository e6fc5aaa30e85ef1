"""The pytest plugin: the fixture `dagfloe_env`, and the logs of tasks in the report of a failed test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from dagfloe.testing import TaskEnvironment

_ENVIRONMENT = pytest.StashKey["TaskEnvironment"]()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Make Airflow's names importable, if the project asks for them, before a `conftest.py` imports its modules."""
    folders = (early_config.rootpath, *early_config.rootpath.parents)
    file = next((path for path in (folder / "pyproject.toml" for folder in folders) if path.is_file()), None)
    if file is None or b"airflow-names" not in file.read_bytes():  # so that other sessions do not pay for the imports
        return
    from dagfloe.build.pyproject import find_names_setting  # noqa: PLC0415 - as below
    from dagfloe.format.errors import PackError  # noqa: PLC0415 - as below

    try:
        has_names = find_names_setting(early_config.rootpath)
    except PackError as error:
        raise pytest.UsageError(str(error)) from error
    if has_names:
        from dagfloe.compat.install import install  # noqa: PLC0415 - few projects have them

        install()


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
