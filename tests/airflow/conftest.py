"""The real supervisor, in a process that runs task instances on request, and the bundle files that it runs."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version

from support.bundle_files import DIST, TEST_DIST

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

HERE = Path(__file__).parent
RUN_TIMEOUT_S = 30
TEST_TIMEOUT_S = 120
PYTHON_VARIABLE = "DAGFLOE_AIRFLOW_PYTHON"
RESULTS_VARIABLE = "DAGFLOE_CONFORMANCE"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder: they need a real Airflow."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.airflow)
            item.add_marker(pytest.mark.timeout(TEST_TIMEOUT_S))


class Answer:
    """The result of a task instance under the real supervisor.

    Args:
        raw: the answer of supervise.py.
    """

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self.final_state: str | None = raw["final_state"]
        self.exit_code: int | None = raw["exit_code"]
        self.records: list[dict[str, Any]] = raw["records"]
        self.xcoms: dict[str, Any] = raw["xcoms"]
        self.variables: dict[str, Any] = raw["variables"]
        assert raw["leftovers"] == [], "processes of the task are still alive"

    def __repr__(self) -> str:
        return json.dumps(self.raw, indent=1)

    @property
    def states(self) -> list[Any]:
        """The states that the API server received, in order, without `running`."""
        return [call["body"]["state"] for call in self.raw["calls"] if call["path"].endswith("/state")]

    @property
    def airflow(self) -> str:
        """The version of Airflow."""
        return str(self.raw["airflow"])

    def returned(self, task_id: str) -> Any:
        """The return value of a task that succeeded."""
        assert (self.final_state, self.exit_code, self.states) == ("success", 0, ["success"]), self
        return self.xcoms[f"{task_id}/return_value"]

    def call(self, method: str, ending: str) -> dict[str, Any]:
        """The only state-changing call to the API server with a method and this end of its path."""
        calls = [call for call in self.raw["calls"] if call["method"] == method and call["path"].endswith(ending)]
        assert len(calls) == 1, f"{len(calls)} calls {method} {ending}: {self!r}"
        return dict(calls[0])

    def read(self, ending: str) -> dict[str, Any]:
        """The first read from the API server with this end of its path."""
        for read in self.raw["reads"]:
            if read["path"].endswith(ending):
                return dict(read)
        raise AssertionError(f"no read of {ending}: {self!r}")

    def calls(self, prefix: str) -> list[tuple[str, str]]:
        """The methods and paths of the state-changing calls to the API server below a path."""
        return [(call["method"], call["path"]) for call in self.raw["calls"] if call["path"].startswith(prefix)]

    def record(self, event: str) -> dict[str, Any]:
        """The first record whose event contains a string."""
        for record in self.records:
            if event in str(record.get("event")):
                return record
        raise AssertionError(f"no record with {event!r}: {self!r}")

    def events(self) -> list[str]:
        """The events of all records."""
        return [str(record.get("event")) for record in self.records]


class Supervisor:
    """The process that runs task instances under the real supervisor.

    Args:
        python: Airflow's Python.
        script: the module that it runs.
    """

    def __init__(self, python: str, script: str = "supervise.py") -> None:
        self._process = subprocess.Popen(
            [python, str(HERE / script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdin
        assert self._process.stdout
        self._in, self._out = self._process.stdin, self._process.stdout

    def ask(self, **request: Any) -> Any:
        """Send a request; wait for its answer."""
        self._in.write(json.dumps(request).encode() + b"\n")
        self._in.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(self._out, selectors.EVENT_READ)
            assert selector.select(RUN_TIMEOUT_S), f"no answer to {request} within {RUN_TIMEOUT_S} s"
        line = self._out.readline()
        assert line, f"the supervisor's process died with status {self._process.wait(5)} during {request}"
        return json.loads(line)

    @property
    def version(self) -> str:
        """The version of Airflow."""
        return str(self.ask(version=True))

    def can(self, since: str) -> bool:
        """Whether this Airflow is of a version or newer; a pre-release counts as its release."""
        return Version(self.version).release >= Version(since).release

    def run(self, root: Path, dag_id: str, task_id: str, **request: Any) -> Answer:
        """Run a task instance of a bundle below a folder."""
        return Answer(self.ask(root=str(root), dag_id=dag_id, task_id=task_id, **request))

    def close(self) -> None:
        """End the process."""
        self._in.close()
        self._process.wait(RUN_TIMEOUT_S)
        self._out.close()


@pytest.fixture(scope="session")
def supervisor() -> Iterator[Supervisor]:
    """The real supervisor of the Airflow whose Python the environment names."""
    python = os.environ.get(PYTHON_VARIABLE)
    assert python, f"{PYTHON_VARIABLE} is not set: run `make airflow-test`"
    supervisor = Supervisor(python)
    yield supervisor
    supervisor.close()


@pytest.fixture(scope="session")
def both() -> Iterator[Supervisor]:
    """The real supervisor; it also runs ordinary Python tasks: `both.run(..., ordinary=FILE)`."""
    python = os.environ.get(PYTHON_VARIABLE)
    assert python, f"{PYTHON_VARIABLE} is not set: run `make airflow-test`"
    supervisor = Supervisor(python, "supervise_both.py")
    yield supervisor
    supervisor.close()


@pytest.fixture(scope="session")
def dist() -> Path:
    """Return the folder where `make dist` puts the examples."""
    assert (DIST / "weather").exists(), f"{DIST / 'weather'} is missing: run `make dist` first"
    return DIST


@pytest.fixture(scope="session")
def demo_bundles() -> Path:
    """Return the folder where `make test-bundles` puts the bundles of `tests/demo`."""
    for name in ("demo", "native", "newer", "traps", "unregistered"):
        assert (TEST_DIST / name).exists(), f"{TEST_DIST / name} is missing: run `make test-bundles` first"
    return TEST_DIST


_results: dict[str, str] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record the result of the test of a conformance dimension."""
    report = yield
    for marker in item.iter_markers("dimension"):
        if report.skipped:
            _results[marker.args[0]] = "not offered"
        elif report.failed:
            _results[marker.args[0]] = "FAIL"
        else:
            _results.setdefault(marker.args[0], "pass")
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the conformance results to the file that the environment names."""
    path = os.environ.get(RESULTS_VARIABLE)
    if path and _results and not session.config.option.collectonly:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(json.dumps(_results, indent=1), "utf-8")
