"""Values of every type make the trip from an ordinary task to one of a bundle and back, and arrive equal."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import pickle
import shutil
import subprocess
import sys
import time
import zoneinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagfloe.values.serde import decode, encode
from support.bundle_files import TEST_DIST

from .conftest import PYTHON_VARIABLE  # type: ignore[import-not-found,unused-ignore]

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
DEMO = HERE.parent / "demo"
RUN_S = 300
FRAMES_VARIABLE = "DAGFLOE_FRAMES"
sys.path.insert(0, str(DEMO / "values"))
from random_values import COUNT, SEED, same  # type: ignore[import-not-found,unused-ignore]  # noqa: E402

#: Their names, and no cached instances, are what matters here.
ZONES = [dt.timezone.utc, *map(zoneinfo.ZoneInfo, ("Europe/Berlin", "America/New_York", "Asia/Kolkata"))]


class Airflow:
    """Serializes and deserializes values in an Airflow's Python."""

    def __init__(self, home: Path) -> None:
        env = {**os.environ, "AIRFLOW_HOME": str(home), "TZ": "UTC"}
        command = [os.environ[PYTHON_VARIABLE], str(HERE / "serde_answers.py")]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env
        )

    def trip(self, value: object) -> tuple[Any, str | None]:
        """Airflow's form of a value, None without one; and what it reads from a bundle's, None if that is equal."""
        assert self._process.stdin
        assert self._process.stdout
        pickled = base64.b64encode(pickle.dumps(value)).decode()
        self._process.stdin.write(json.dumps([pickled, encode(value)], allow_nan=False) + "\n")
        self._process.stdin.flush()
        form, other = json.loads(self._process.stdout.readline())
        return form, other

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=30)


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """The process, and this one, in UTC: datetimes without a time zone are local times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        airflow = Airflow(tmp_path_factory.mktemp("home"))
        yield airflow
        airflow.close()
    time.tzset()


def _aware(zones: st.SearchStrategy[dt.tzinfo]) -> st.SearchStrategy[dt.datetime]:
    naive = st.datetimes(dt.datetime(1800, 1, 1), dt.datetime(2200, 1, 1))  # noqa: DTZ001 - the zone follows
    return st.builds(lambda when, zone: when.replace(tzinfo=dt.timezone.utc).astimezone(zone), naive, zones)


offsets = st.integers(-1439, 1439).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
texts = st.text(st.characters(codec="utf-8"))
hashable = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
    | st.dates()
    | st.datetimes(dt.datetime(1800, 1, 1), dt.datetime(2200, 1, 1))  # noqa: DTZ001 - local times
    | _aware(st.sampled_from(ZONES) | offsets)
    | st.timedeltas(dt.timedelta(-90000), dt.timedelta(90000))
    | st.decimals(allow_nan=False)
    | st.uuids()
    | st.sampled_from(ZONES[1:])
)
values = st.recursive(
    hashable,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(texts.filter(lambda key: not key.startswith("__")), inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.sets(hashable, max_size=3)
        | st.frozensets(hashable, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.timeout(RUN_S)
@given(value=values)
@settings(max_examples=3000, deadline=None)
def test_airflow_reads_what_a_bundle_sends(airflow: Airflow, value: object) -> None:
    """Airflow's own deserialization makes an equal value of what a bundle encodes."""
    _, other = airflow.trip(value)
    assert other is None


@pytest.mark.timeout(RUN_S)
@given(value=values)
@settings(max_examples=3000, deadline=None)
def test_a_bundle_reads_what_airflow_sends(airflow: Airflow, value: object) -> None:
    """A bundle decodes Airflow's form to what Airflow itself would read from it."""
    form, _ = airflow.trip(value)
    if form is None or _loses(value):
        return
    assert same(value, decode(json.loads(json.dumps(form)))), form


def _loses(value: Any) -> bool:
    """Whether Airflow's own form loses a part of a value: digits of a decimal, or a fixed offset."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(map(_loses, value))
    if isinstance(value, dict):
        return any(map(_loses, value.values()))
    if isinstance(value, dt.datetime):
        return type(value.tzinfo) is dt.timezone and value.tzinfo is not dt.timezone.utc
    return type(value).__name__ == "Decimal"


def _run(tmp_path: Path, project: str, **env: str) -> dict[str, Any]:
    """Run the whole Dag of a demo project in Airflow."""
    dags, files, home = (tmp_path / name for name in ("dags", "files", "home"))
    for folder in (dags, files, home):
        folder.mkdir()
    for source in (DEMO / project).glob("*.py"):
        if source.name != "tasks.py":
            shutil.copy(source, dags)
    built = TEST_DIST / project
    assert built.exists(), f"{built} is missing: run `make test-bundles` first"
    shutil.copy(built, files)
    command = [os.environ[PYTHON_VARIABLE], str(HERE / "run_dag.py"), str(dags), str(files), project]
    env = {**os.environ, "AIRFLOW_HOME": str(home), **env}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=RUN_S, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _errors(result: dict[str, Any], name: str) -> str:
    """The messages of the exceptions in the log of a task instance."""
    details = [record.get("error_detail") or [] for record in result["logs"][name]]
    return "\n".join(part["exc_value"] for detail in details for part in detail)


@pytest.mark.timeout(2 * RUN_S)
def test_trips_in_airflow(tmp_path: Path) -> None:
    """Hundreds of random values, and instances of classes, make the trip through Airflow's database."""
    print(f"{COUNT} values of the seed {SEED}")  # noqa: T201 - to repeat a failure
    result = _run(tmp_path, "values")
    failed = {name: state for name, state in result["states"].items() if state != "success"}
    assert failed == {"unknown": "failed", "asks": "failed"}, {name: _errors(result, name) for name in failed}
    where = "an instance of airflow_dag.Purchase at $.order"
    assert f"parameter 'value' got {where} from XCom 'return_value' of task 'make_objects'" in _errors(
        result, "unknown"
    )
    assert f"XCom 'return_value' of task 'make_objects' has {where}: annotate" in _errors(result, "asks")


@pytest.mark.timeout(2 * RUN_S)
def test_frames_in_airflow(tmp_path: Path) -> None:
    """DataFrames and scalars of numpy make the trip if Airflow and the bundle have the libraries."""
    libraries = os.environ.get(FRAMES_VARIABLE)
    assert libraries, f"{FRAMES_VARIABLE} is not set: run `make airflow-test`"
    result = _run(tmp_path, "frames", PYTHONPATH=libraries)
    failed = [name for name, state in result["states"].items() if state != "success"]
    assert failed == [], {name: _errors(result, name) for name in failed if name in result["logs"]}
