"""`dagfloe doctor`: on this host, and with configurations of Airflow that are right and wrong."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.cli.doctor.airflow_checks import check_airflow
from dagfloe.cli.doctor.host_checks import Check, check_cache, check_temporary
from dagfloe.cli.tool import main
from dagfloe.format.manifest import render_manifest, with_digests
from dagfloe.format.trailer import Trailer
from support.raw_bundle import write_bundle

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "hunter2"  # noqa: S105 - what must not be shown
MANIFEST = """
airflow_bundle_metadata_version: "1.0"
dags: {sales: {tasks: [t]}}
sdk: {language: raw, version: "1", supervisor_schema_version: "2026-06-16"}
source: raw.py
"""
TELLS = "import json, sys\nprint(json.dumps({'dags': {'sales': {'tasks': ['t']}}}))\n"


def run(*arguments: str | Path, status: int = 0) -> str:
    """What the tool prints."""
    answer = CliRunner().invoke(main, ["doctor", *map(str, arguments)])
    assert answer.exit_code == status, answer.output
    return answer.output


def of(checks: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The check of one thing."""
    (found,) = (check for check in checks if check["name"] == name)
    return found


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host without an Airflow, and with a cache of its own."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    monkeypatch.delenv("AIRFLOW_CONFIG", raising=False)
    monkeypatch.setenv("DAGFLOE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def configure(home: Path) -> Callable[..., list[Check]]:
    """Writes a configuration of Airflow, and checks it."""

    def write(root: object = None, queue: object = "dagfloe", **env: str) -> list[Check]:
        kwargs = {"executables_root": root, "token": SECRET}
        coordinator = {"classpath": "airflow.sdk.coordinators.executable.ExecutableCoordinator", "kwargs": kwargs}
        text = (
            f"[core]\nfernet_key = {SECRET}%%x\n[sdk]\ncoordinators = {json.dumps({'dagfloe': coordinator})}\n"
            f"queue_to_coordinator = {json.dumps({'fast': queue})}\n"
        )
        (home / "airflow").mkdir(exist_ok=True)
        (home / "airflow" / "airflow.cfg").write_text(text)
        return [*check_airflow({"AIRFLOW_HOME": str(home / "airflow"), **env})]

    return write


def states(checks: list[Check]) -> list[tuple[str, str]]:
    """Name and state of each; no secret is in any, and what is not well has a cure."""
    assert SECRET not in repr(checks)
    assert all(bool(check.cure) == (check.state != "ok") for check in checks)
    return [(check.name, check.state) for check in checks]


def test_this_host() -> None:
    """A host that runs these tests is good enough; each check is a line, and the same in JSON."""
    told = json.loads(run("--json"))
    assert told["ok"] is True
    names = [check["name"] for check in told["checks"]]
    assert names[:5] == ["cache folder", "temporary folder", "C library", "loopback", "open files"]
    assert set(told["checks"][0]) == {"name", "state", "text", "cure"}
    assert [line[2:].split("  ")[0] for line in run().splitlines()] == names
    assert all(name not in run("--quiet") for name in ("loopback", "temporary folder"))


def test_folders(tmp_path: Path) -> None:
    """What is wrong with a folder is told, and what to do; nothing is left in a good one."""
    good = tmp_path / "good"
    good.mkdir(mode=0o700)
    assert check_cache(good).state == check_temporary(good).state == "ok"
    assert "which will be made in" in check_cache(good / "a" / "b").text
    assert list(good.iterdir()) == []
    good.chmod(0o777)
    assert check_cache(good) == Check(
        "cache folder", "warning", f"{good}: its mode 777 lets other users write", f"chmod go-w {good}"
    )
    assert check_temporary(good).cure == f"chmod +t {good}"
    assert check_temporary(tmp_path / "nowhere").state == "failed"


def test_a_folder_that_takes_no_file() -> None:
    """Whether a folder can be written is not only asked, but tried, and told as the launcher goes about it."""
    assert check_cache(Path("/proc/self")).state == "warning"
    assert check_temporary(Path("/proc/self")).state in ("warning", "failed")


def sealed(path: Path, program: str) -> Path:
    """A bundle file as dagfloe writes it, of a shell script."""
    binary = f"#!/bin/sh\n{program}\nexit\n".encode()
    metadata = {**yaml.safe_load(MANIFEST), "bundle": {"name": "sales"}}
    text = render_manifest(with_digests(metadata, hashlib.sha256(binary).digest(), b""))
    path.write_bytes(binary + text + Trailer(0, len(text), hashlib.sha256(binary).digest()).pack())
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("flag", ["--bundle-metadata", "--airflow-metadata"])
def test_a_file(flag: str, tmp_path: Path) -> None:
    """A bundle file that is whole and starts is good here; that of another SDK is asked in both ways."""
    file = write_bundle(tmp_path / "sales", f"import sys\nassert '{flag}' in sys.argv\n{TELLS}", MANIFEST)
    checks = json.loads(run(file, "--json"))["checks"]
    assert {of(checks, name)["state"] for name in ("bundle file", "its host", "its start")} == {"ok"}
    assert of(checks, "its start")["text"].endswith("until it has told its Dags: sales")


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("sys.exit('the library is missing')", "status 1: the library is missing"),
        ("print('no JSON')", "what it tells is no metadata"),
        ("print('{\"dags\": {}}')", "status 0: it does not tell"),
        ("print('[]')", "what it tells is no metadata"),
    ],
)
def test_a_file_that_does_not_start(program: str, why: str, tmp_path: Path) -> None:
    """Why it does not start is told, in its own last words; another SDK's may only have no such flag."""
    told = run(write_bundle(tmp_path / "sales", f"import sys\n{program}\n", MANIFEST))
    assert told.splitlines()[-1].startswith("! its start")
    assert why in told.splitlines()[-1]


def test_our_own_file_that_does_not_start(tmp_path: Path) -> None:
    """One that dagfloe built has to start; it is asked once."""
    good = sealed(tmp_path / "good", """[ "$1" = --bundle-metadata ] && echo '{"dags": {"sales": {}}}'""")
    assert run(good).splitlines()[-1].endswith("until it has told its Dags: sales")
    told = run(sealed(tmp_path / "bad", "echo no library here >&2; exit 3"), status=1)
    assert told.splitlines()[-1].startswith("✗ its start")
    assert "status 3: no library here" in told.splitlines()[-1]


def test_files_for_other_hosts(tmp_path: Path) -> None:
    """A program that this host cannot run is not started."""
    foreign = bytearray(Path(sys.executable).resolve().read_bytes())
    foreign[18:20] = (243).to_bytes(2, sys.byteorder)  # a processor that no test runs on
    text = MANIFEST.encode()
    file = tmp_path / "sales"
    file.write_bytes(foreign + text + Trailer(0, len(text), hashlib.sha256(foreign).digest()).pack())
    checks = json.loads(run(file, "--json", status=1))["checks"]
    assert of(checks, "its host")["text"].startswith("it is for riscv64, and this host is ")
    assert not [check for check in checks if check["name"] == "its start"]


def test_no_bundle_file(tmp_path: Path) -> None:
    """Other files, and files that are not there, are told."""
    (tmp_path / "text").write_text("x")
    for path in (tmp_path / "text", tmp_path / "nowhere"):
        checks = json.loads(run(path, "--json", status=1))["checks"]
        assert of(checks, "bundle file")["state"] == "failed"


def test_a_good_airflow(home: Path, configure: Callable[..., list[Check]]) -> None:
    """The folders are looked into, and their files told with their Dags; no secret is shown."""
    (home / "bundles").mkdir()
    write_bundle(home / "bundles" / "sales", TELLS, MANIFEST)
    (home / "bundles" / "README").write_text("x")
    checks = configure([str(home / "bundles")])
    assert states(checks) == [
        ("coordinators", "ok"),
        ("queues", "ok"),
        ("bundle file", "ok"),
        ("bundle folder", "ok"),
    ]
    assert checks[1].text == "to bundle files: fast"
    assert checks[2].text.endswith("sales: sales")
    write_bundle(home / "bundles" / "twice", TELLS, MANIFEST)
    (home / "bundles" / "sales").chmod(0o644)
    checks = configure(str(home / "bundles"))
    assert [check.state for check in checks[2:]] == ["failed", "warning", "ok"]
    assert checks[2].cure == f"chmod +x {home / 'bundles' / 'sales'}"


def test_bad_folders(home: Path, configure: Callable[..., list[Check]]) -> None:
    """Folders that are not there, or empty, or not named at all."""
    (home / "empty").mkdir()
    assert states(configure([str(home / "nowhere"), str(home / "empty")]))[2:] == [
        ("bundle folder", "failed"),
        ("bundle folder", "warning"),
    ]
    roots: tuple[object, ...] = (None, [], 5, {})
    for root in roots:
        assert states(configure(root))[2:] == [("Airflow", "failed")]


def test_the_environment_goes_first(home: Path, configure: Callable[..., list[Check]]) -> None:
    """What Airflow takes from the environment counts, as it does there."""
    assert states(configure(str(home), AIRFLOW__SDK__COORDINATORS="{}")) == [("coordinators", "warning")]
    assert states(configure(str(home), AIRFLOW__SDK__QUEUE_TO_COORDINATOR="{}"))[1] == ("queues", "warning")
    assert states(configure(str(home), queue="other"))[1] == ("queues", "failed")


def in_dag_bundle(home: Path, name: str | None, bundles: object) -> list[Check]:
    """What is found where a coordinator of Airflow 3.4 looks."""
    kwargs = {} if name is None else {"task_handler_bundle_name": name}
    coordinators = {"dagfloe": {"classpath": "x.ExecutableCoordinator", "kwargs": kwargs}}
    env = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__SDK__COORDINATORS": json.dumps(coordinators),
        "AIRFLOW__SDK__QUEUE_TO_COORDINATOR": '{"fast": "dagfloe"}',
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
    }
    return [*check_airflow(env)][2:]


def test_dag_bundles(home: Path) -> None:
    """Airflow 3.4 finds bundle files in a Dag bundle, or beside the Dag."""
    for folder in (home / "dags", home / "handlers"):
        (folder / "deep").mkdir(parents=True)
        write_bundle(folder / "deep" / "sales", TELLS, MANIFEST)
    local = {"name": "handlers", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle"}
    cases: tuple[tuple[str | None, list[object], str], ...] = (
        (None, [], "dags"),
        ("handlers", [5, {**local, "kwargs": {"path": str(home / "handlers")}}], "handlers"),
        ("handlers", [{**local, "kwargs": {}}], "dags"),
    )
    for name, bundles, where in cases:
        checks = in_dag_bundle(home, name, bundles)
        assert states(checks) == [("bundle file", "ok"), ("bundle folder", "ok")]
        assert checks[1].text == f"{home / where}: 1 bundle file"
    git = {"name": "handlers", "classpath": "x.GitDagBundle", "kwargs": {"tracking_ref": SECRET}}
    assert states(in_dag_bundle(home, "handlers", [git])) == [("Airflow", "warning")]
    assert states(in_dag_bundle(home, "other", [git])) == [("Airflow", "failed")]
    assert states(in_dag_bundle(home, "handlers", {})) == [("Airflow", "failed")]


@pytest.mark.parametrize("text", [f'{{"{SECRET}": }}', f'"{SECRET}"', "[" * 100_000, "[]"])
def test_what_is_no_setting(text: str, home: Path, configure: Callable[..., list[Check]]) -> None:
    """What is wrong is told by its place, not by its value."""
    assert states(configure(str(home), AIRFLOW__SDK__COORDINATORS=text)) == [("Airflow", "failed")]


def test_what_is_no_configuration_file(home: Path) -> None:
    """Neither is a damaged file shown."""
    (home / "airflow").mkdir()
    file = home / "airflow" / "airflow.cfg"
    twice = f"[sdk]\nx = {SECRET}\n[sdk]\n"  # as when lines are put at the end of the file that Airflow makes
    for content in (f"{SECRET}\n", f"[sdk]\n{SECRET}\n", f"[sdk]\ncoordinators = {SECRET}\n", twice):
        file.write_text(content)
        assert states([*check_airflow({"AIRFLOW_HOME": str(home / "airflow")})]) == [("Airflow", "failed")]
    file.write_bytes(b"\xff")
    assert states([*check_airflow({"AIRFLOW_CONFIG": str(file)})]) == [("Airflow", "failed")]
    file.write_text("[sdk]\ncoordinators_cmd = cat secret\n")
    assert states([*check_airflow({"AIRFLOW_CONFIG": str(file)})]) == [("Airflow", "warning")]


@given(st.text(), st.text(), st.text())
def test_any_text(file: str, coordinators: str, queues: str) -> None:
    """Whatever stands there, the answer is a list of checks."""
    env = {"AIRFLOW__SDK__COORDINATORS": coordinators, "AIRFLOW__SDK__QUEUE_TO_COORDINATOR": queues}
    for each in ({**env, "AIRFLOW_CONFIG": "/nowhere"}, {"AIRFLOW_CONFIG": "/nowhere/" + file.replace("\0", "")}):
        assert [*check_airflow(each)]


@given(
    st.dictionaries(st.text(max_size=3), st.none() | st.integers() | st.text() | st.lists(st.text())),
    st.dictionaries(st.text(max_size=3), st.none() | st.lists(st.integers()) | st.sampled_from(["dagfloe", "x"])),
)
def test_any_json(kwargs: dict[str, Any], queues: dict[str, Any]) -> None:
    """So it is for any JSON of about the right form."""
    coordinators = {"dagfloe": {"classpath": "x.ExecutableCoordinator", "kwargs": kwargs}, "x": queues}
    env = {
        "AIRFLOW_CONFIG": "/nowhere",
        "AIRFLOW__SDK__COORDINATORS": json.dumps(coordinators),
        "AIRFLOW__SDK__QUEUE_TO_COORDINATOR": json.dumps(queues),
    }
    assert {check.state for check in check_airflow(env)} <= {"ok", "warning", "failed"}


def test_a_folder_below_home(
    home: Path, configure: Callable[..., list[Check]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tilde is the home folder, as it is for Airflow."""
    monkeypatch.setenv("HOME", str(home))
    write_bundle(home / "raw", "succeed()", MANIFEST)
    assert any(str(home) in check.text for check in configure("~"))


def test_a_folder_by_variables(home: Path, configure: Callable[..., list[Check]]) -> None:
    """Variables of the environment have their values, as they have for Airflow."""
    write_bundle(home / "raw", "succeed()", MANIFEST)
    for root in ("$PLACE", "${PLACE}", "$AIRFLOW_HOME/.."):
        assert ("bundle file", "ok") in states(configure(root, PLACE=str(home)))
    assert ("bundle folder", "failed") in states(configure("$NOWHERE", PLACE=str(home)))
