"""`dagfloe doctor`: its output and its exit status."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import sysconfig
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from dagfloe.cli.tool import main
from support.dag_files import write
from support.peer import DEADLINE_S, TOOL

if TYPE_CHECKING:
    from pathlib import Path


def doctor(*arguments: str | Path, status: int = 0) -> str:
    """Run the command, and return its output."""
    result = CliRunner().invoke(main, ["doctor", *map(str, arguments)])
    assert result.exit_code == status, result.output
    return result.output


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host without Airflow, whose cache is empty."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    monkeypatch.delenv("AIRFLOW_CONFIG", raising=False)
    monkeypatch.setenv("DAGFLOE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def test_this_host() -> None:
    """A host that runs these tests passes, with the same checks as lines and as JSON."""
    report = json.loads(doctor("--json"))
    assert report["ok"] is True
    names = [check["name"] for check in report["checks"]]
    assert names[:5] == ["cache folder", "temporary folder", "C library", "loopback", "open files"]
    assert names[5:] == ["Python", "libpython", "uv", "launcher", "strip", "Airflow"]
    assert set(report["checks"][0]) == {"name", "state", "text", "cure"}
    assert [line[2:].split("  ")[0] for line in doctor().splitlines()] == names
    assert all(name not in doctor("--quiet") for name in ("loopback", "temporary folder"))


def checks_of_this_host(status: int = 0) -> dict[str, tuple[str, str, str]]:
    """The state, the text and the cure of every check, by name."""
    report = json.loads(doctor("--json", status=status))
    return {check["name"]: (check["state"], check["text"], check["cure"]) for check in report["checks"]}


def test_a_low_limit_of_open_files() -> None:
    """A limit that tasks may reach gives a warning, and the command that raises it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        checks = checks_of_this_host()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert checks["open files"] == ("warning", "at most 200 per process", "raise the limit: ulimit -n 256")


def test_a_host_without_binutils(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `strip`, files are only larger: a warning."""
    monkeypatch.setenv("PATH", str(home))
    assert checks_of_this_host()["strip"] == (
        "warning",
        "not found, so bundle files are larger than necessary",
        "install binutils",
    )


def test_a_python_that_cannot_build(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python without a shared library, or without uv, cannot build: failures."""
    monkeypatch.setitem(sysconfig.get_config_vars(), "Py_ENABLE_SHARED", 0)
    monkeypatch.setattr(sys, "executable", str(home / "python"))
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setenv("PATH", str(home))
    checks = checks_of_this_host(status=1)
    assert checks["libpython"][:2] == ("failed", "this Python has no shared library, so PyInstaller cannot freeze it")
    assert checks["uv"] == ("failed", "not found, so no environment can be made", "install the package uv from PyPI")


def test_a_host_without_a_loopback_interface() -> None:
    """Where processes cannot connect to each other, no task can run: a failure."""
    command = ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*command, "true"], check=False, capture_output=True, timeout=DEADLINE_S).returncode:
        pytest.skip("this host allows no namespaces")
    done = subprocess.run(
        [*command, TOOL, "doctor", "--json"], check=False, capture_output=True, text=True, timeout=DEADLINE_S
    )
    assert done.returncode == 1, done.stderr
    (check,) = (check for check in json.loads(done.stdout)["checks"] if check["name"] == "loopback")
    assert check["state"] == "failed"
    assert check["text"] == "cannot connect to a port on 127.0.0.1: Network is unreachable"
    assert check["cure"] == "bring up the interface lo, and allow processes to use it"


def test_a_failure(home: Path) -> None:
    """A failed check gives exit status 1, and its line shows the cure."""
    (home / "text").write_text("x")
    for path in (home / "text", home / "missing"):
        line = doctor(path, "--quiet", status=1).splitlines()[-1]
        assert line.startswith("✗ bundle file")
        assert line.endswith(" -> rebuild it, or copy it again")
        assert json.loads(doctor(path, "--json", status=1))["ok"] is False


def test_the_readiness_gate(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit status and the JSON say whether this host can run the tasks of all required Dags."""
    write(home / "bundles" / "sales", "sales")
    coordinator = {
        "classpath": "airflow.sdk.coordinators.executable.ExecutableCoordinator",
        "kwargs": {"executables_root": [str(home / "bundles")]},
    }
    gate = ("--airflow", "3.3", "--require", "sales")
    assert "dagfloe doctor --require sales FOLDER" in doctor(*gate, status=1)
    monkeypatch.setenv("AIRFLOW__SDK__COORDINATORS", json.dumps({"dagfloe": coordinator}))
    monkeypatch.setenv("AIRFLOW__SDK__QUEUE_TO_COORDINATOR", '{"dagfloe": "dagfloe"}')
    assert f"✓ required Dag      sales: {home / 'bundles' / 'sales'}" in doctor(*gate)
    report = json.loads(doctor(*gate, "--require", "other", "--json", status=1))
    assert report["ok"] is False
    assert report["required"] == [
        {"dag_id": "sales", "files": [str(home / "bundles" / "sales")], "ready": True},
        {"dag_id": "other", "files": [], "ready": False},
    ]
    assert "no bundle file with this Dag" in doctor(*gate, "--require", "other", "--quiet", status=1)
    assert doctor(*gate, "--quiet") == ""
    assert json.loads(doctor(*gate, "--json", home / "bundles"))["required"][0]["ready"] is True
