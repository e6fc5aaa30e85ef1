"""The checks of Airflow's settings: good ones, bad ones, and arbitrary ones."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.cli.doctor.airflow_checks import check_airflow
from dagfloe.format.trailer import Trailer
from support.raw_bundle import write_bundle

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagfloe.cli.doctor.check import Check

SECRET = "hunter2"  # noqa: S105 - what the checks must not show
CLASS = "airflow.sdk.coordinators.executable.ExecutableCoordinator"
LOCAL = "airflow.dag_processing.bundles.local.LocalDagBundle"
MANIFEST = """
airflow_bundle_metadata_version: "1.0"
dags: {sales: {tasks: [t]}}
sdk: {language: raw, version: "1", supervisor_schema_version: "2026-06-16"}
source: raw.py
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with an empty Airflow home."""
    (tmp_path / "airflow").mkdir()
    return tmp_path


def check(env: dict[str, str], version: str = "3.3.2") -> list[Check]:
    """Return the checks of a configuration, without the one that shows the version."""
    return [result for result in check_airflow(env, version) if result.text != f"version {version}"]


@pytest.fixture
def configure(home: Path) -> Callable[..., list[Check]]:
    """Returns a function that writes a configuration file of Airflow, and checks it."""

    def write(root: object = None, queue: object = "dagfloe", **env: str) -> list[Check]:
        coordinator = {"classpath": CLASS, "kwargs": {"executables_root": root}, "extra": {"token": SECRET}}
        settings = (
            f"[core]\nfernet_key = {SECRET}%%x\n[sdk]\ncoordinators = {json.dumps({'dagfloe': coordinator})}\n"
            f"queue_to_coordinator = {json.dumps({'fast': queue})}\n"
        )
        (home / "airflow" / "airflow.cfg").write_text(settings)
        return check({"AIRFLOW_HOME": str(home / "airflow"), **env})

    return write


def write_sales(path: Path) -> None:
    """Write a bundle file with the Dag `sales`."""
    write_bundle(path, "succeed()", MANIFEST)


def states(checks: list[Check]) -> list[tuple[str, str]]:
    """Return the names and states. No check shows a secret, and every problem has a cure."""
    assert SECRET not in repr(checks)
    assert all(bool(check.cure) == (check.state != "ok") for check in checks)
    return [(check.name, check.state) for check in checks]


def test_good_settings(home: Path, configure: Callable[..., list[Check]]) -> None:
    """The checks list the bundle files in the folders, with their Dags."""
    (home / "bundles").mkdir()
    write_sales(home / "bundles" / "sales")
    (home / "bundles" / "README").write_text("x")
    checks = configure([str(home / "bundles")])
    assert states(checks) == [
        ("coordinators", "ok"),
        ("queues", "ok"),
        ("bundle file", "ok"),
        ("bundle folder", "ok"),
    ]
    assert checks[1].text == "for bundle files: fast"
    assert checks[2].text.endswith("sales: sales")


def test_bad_bundle_files(home: Path, configure: Callable[..., list[Check]]) -> None:
    """Airflow ignores a file that is not executable, and uses only one of two files with the same Dag."""
    (home / "bundles").mkdir()
    write_sales(home / "bundles" / "sales")
    write_sales(home / "bundles" / "second")
    (home / "bundles" / "sales").chmod(0o644)
    checks = configure(str(home / "bundles"))[2:]
    assert [check.state for check in checks] == ["failed", "warning", "ok"]
    assert checks[0].cure == f"chmod +x {home / 'bundles' / 'sales'}"
    assert checks[1].text.endswith("second: another file has sales, too")


def test_a_bundle_file_for_another_processor(home: Path, configure: Callable[..., list[Check]]) -> None:
    """A bundle file that this host cannot start fails."""
    foreign = bytearray(Path(sys.executable).resolve().read_bytes())
    foreign[18:20] = (243).to_bytes(2, sys.byteorder)  # RISC-V, on which no test runs
    manifest = MANIFEST.encode()
    (home / "bundles").mkdir()
    trailer = Trailer(0, len(manifest), hashlib.sha256(foreign).digest())
    (home / "bundles" / "sales").write_bytes(foreign + manifest + trailer.pack())
    check = configure(str(home / "bundles"))[2]
    assert (check.name, check.state, check.cure) == ("bundle file", "failed", "build it for this host")
    assert "sales: the file is for riscv64, and this host is " in check.text


def test_a_bundle_file_with_an_odd_manifest(home: Path, configure: Callable[..., list[Check]]) -> None:
    """A manifest that has Dags, but does not follow the schema, declares no queues. Airflow reads no more either."""
    (home / "bundles").mkdir()
    write_bundle(home / "bundles" / "sales", "succeed()", MANIFEST.replace('version: "1"', "version: [1]"))
    assert states(configure(str(home / "bundles")))[2:] == [("bundle file", "ok"), ("bundle folder", "ok")]


def test_bad_folders(home: Path, configure: Callable[..., list[Check]]) -> None:
    """A folder may be missing or empty, or have a name that is too long, or the setting may name none."""
    (home / "empty").mkdir()
    assert states(configure([str(home / "missing"), str(home / "empty"), str(home / ("x" * 300))]))[2:] == [
        ("bundle folder", "failed"),
        ("bundle folder", "warning"),
        ("bundle folder", "failed"),
    ]
    roots: tuple[object, ...] = (None, [], 5, {})
    for root in roots:
        assert states(configure(root))[2:] == [("Airflow", "failed")]


def test_the_environment_overrides_the_file(home: Path, configure: Callable[..., list[Check]]) -> None:
    """Environment variables take precedence, as they do in Airflow."""
    assert states(configure(str(home), AIRFLOW__SDK__COORDINATORS="{}")) == [
        ("coordinators", "warning"),
        ("queues", "failed"),
    ]
    assert states(configure(str(home), AIRFLOW__SDK__QUEUE_TO_COORDINATOR="{}"))[1] == ("queues", "warning")
    checks = configure(str(home), queue="other")
    assert states(checks)[1] == ("queues", "failed")
    assert checks[1].text == (
        "[sdk] coordinators does not define the coordinator of fast, so every task on this host fails, Python tasks too"
    )
    assert checks[1].cure == "correct [sdk] queue_to_coordinator: set it to dagfloe"


def check_dag_bundle(home: Path, name: str | None, bundles: object) -> list[Check]:
    """Check the folders of a coordinator of Airflow 3.4."""
    kwargs = {} if name is None else {"task_handler_bundle_name": name}
    coordinators = {"dagfloe": {"classpath": "x.ExecutableCoordinator", "kwargs": kwargs}}
    env = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__SDK__COORDINATORS": json.dumps(coordinators),
        "AIRFLOW__SDK__QUEUE_TO_COORDINATOR": '{"fast": "dagfloe"}',
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
    }
    return check(env, "3.4.0")[2:]


def test_dag_bundles(home: Path) -> None:
    """Airflow 3.4 finds bundle files in a Dag bundle, or beside the Dag file."""
    for folder in (home / "dags", home / "handlers"):
        (folder / "deep").mkdir(parents=True)
        write_sales(folder / "deep" / "sales")
    local = {"name": "handlers", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle"}
    cases: tuple[tuple[str | None, list[object], str], ...] = (
        (None, [], "dags"),
        ("handlers", [5, {**local, "kwargs": {"path": str(home / "handlers")}}], "handlers"),
        ("handlers", [{**local, "kwargs": {}}], "dags"),
    )
    for name, bundles, folder_name in cases:
        checks = check_dag_bundle(home, name, bundles)
        assert states(checks) == [("bundle file", "ok"), ("bundle folder", "ok")]
        assert checks[1].text == f"{home / folder_name}: 1 bundle file"
    git = {"name": "handlers", "classpath": "x.GitDagBundle", "kwargs": {"tracking_ref": SECRET}}
    assert states(check_dag_bundle(home, "handlers", [git])) == [("Dag bundles", "warning")]
    assert states(check_dag_bundle(home, "other", [git])) == [("Dag bundles", "failed")]
    assert states(check_dag_bundle(home, "handlers", {})) == [("Airflow", "failed")]


@pytest.mark.parametrize("value", [f'{{"{SECRET}": }}', f'"{SECRET}"', "[" * 100_000, "[]"])
def test_an_invalid_setting(value: str, home: Path, configure: Callable[..., list[Check]]) -> None:
    """The check names the setting, and does not show its value."""
    assert states(configure(str(home), AIRFLOW__SDK__COORDINATORS=value)) == [("Airflow", "failed")]


def test_an_invalid_configuration_file(home: Path) -> None:
    """The check names the line, and does not show it."""
    file = home / "airflow" / "airflow.cfg"
    repeated = f"[sdk]\nx = {SECRET}\n[sdk]\n"  # as when a user appends settings to the file that Airflow creates
    for content in (f"{SECRET}\n", f"[sdk]\n{SECRET}\n", f"[sdk]\ncoordinators = {SECRET}\n", repeated):
        file.write_text(content)
        assert states(check({"AIRFLOW_HOME": str(home / "airflow")})) == [("Airflow", "failed")]
    file.write_bytes(b"\xff")
    assert states(check({"AIRFLOW_CONFIG": str(file)})) == [("Airflow", "failed")]


def test_an_unreadable_configuration_file(home: Path) -> None:
    """A folder instead of the file, and the home folder of a user that does not exist, are failed checks."""
    (unreadable,) = check({"AIRFLOW_CONFIG": str(home)})
    assert (unreadable.state, unreadable.text) == ("failed", f"cannot read {home}: Is a directory")
    (homeless,) = check({"AIRFLOW_HOME": "~no-such-user/airflow"})
    assert (homeless.state, homeless.text) == (
        "failed",
        "this user has no home folder for ~no-such-user/airflow: set AIRFLOW_HOME",
    )


def test_a_setting_from_a_command(home: Path) -> None:
    """The check does not run the command that gives a setting."""
    (home / "airflow" / "airflow.cfg").write_text("[sdk]\ncoordinators_cmd = cat secret\n")
    checks = check({"AIRFLOW_HOME": str(home / "airflow")})
    assert states(checks) == [("Airflow", "warning")]
    assert checks[0].text == "[sdk] coordinators comes from coordinators_cmd, which dagfloe does not read"


def test_no_airflow(home: Path) -> None:
    """A host without Airflow is fine."""
    assert states(check({"AIRFLOW_HOME": str(home / "airflow")})) == [("Airflow", "ok")]


@given(st.text(), st.text(), st.text())
def test_any_string(file: str, coordinators: str, queues: str) -> None:
    """Any settings give a list of checks."""
    env = {"AIRFLOW__SDK__COORDINATORS": coordinators, "AIRFLOW__SDK__QUEUE_TO_COORDINATOR": queues}
    for variables in (
        {**env, "AIRFLOW_CONFIG": "/missing"},
        {"AIRFLOW_CONFIG": "/missing/" + file.replace("\0", "")},
    ):
        for version in ("", "3.3.2", "3.4.0"):
            assert [*check_airflow(variables, version)]


@given(
    st.dictionaries(st.text(max_size=3), st.none() | st.integers() | st.text() | st.lists(st.text())),
    st.dictionaries(st.text(max_size=3), st.none() | st.lists(st.integers()) | st.sampled_from(["dagfloe", "x"])),
)
def test_any_json(kwargs: dict[str, Any], queues: dict[str, Any]) -> None:
    """Any JSON of roughly the right form gives checks in known states."""
    coordinators = {"dagfloe": {"classpath": "x.ExecutableCoordinator", "kwargs": kwargs}, "x": queues}
    env = {
        "AIRFLOW_CONFIG": "/missing",
        "AIRFLOW__SDK__COORDINATORS": json.dumps(coordinators),
        "AIRFLOW__SDK__QUEUE_TO_COORDINATOR": json.dumps(queues),
    }
    for version in ("", "3.3.2", "3.4.0"):
        assert {result.state for result in check_airflow(env, version)} <= {"ok", "warning", "failed"}


def test_a_folder_with_a_tilde(
    home: Path, configure: Callable[..., list[Check]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tilde is the home folder, as it is for Airflow."""
    monkeypatch.setenv("HOME", str(home))
    write_sales(home / "raw")
    assert any(str(home) in check.text for check in configure("~"))


def test_a_folder_with_variables(home: Path, configure: Callable[..., list[Check]]) -> None:
    """Airflow expands environment variables in a setting, and so does the check."""
    write_sales(home / "raw")
    for root in ("$PLACE", "${PLACE}", "$AIRFLOW_HOME/.."):
        assert ("bundle file", "ok") in states(configure(root, PLACE=str(home)))
    assert ("bundle folder", "failed") in states(configure("$MISSING", PLACE=str(home)))
