"""The settings that differ between Airflow 3.3 and 3.4. Every test follows the advice of the checks."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe.cli.doctor.airflow_checks import check_airflow
from support.raw_bundle import write_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from dagfloe.cli.doctor.check import Check

CLASS = "airflow.sdk.coordinators.executable.ExecutableCoordinator"
LOCAL = "airflow.dag_processing.bundles.local.LocalDagBundle"
MANIFEST = """
airflow_bundle_metadata_version: "1.0"
dags: {DAG: {tasks: [t]}}
sdk: {language: raw, version: "1", supervisor_schema_version: "2026-06-16"}
source: raw.py
"""
DECLARING = MANIFEST.replace("{tasks: [t]}", "{tasks: [t], declaration: {tasks: {t: {queue: large}}}}").replace(
    "language: raw", "language: python, name: dagfloe"
)
#: A manifest of another SDK, and one of ours.
NATIVE = (
    MANIFEST + "dag_source_paths: {DAG: raw.py}\n",
    MANIFEST.replace("{tasks: [t]}", "{tasks: [t], is_native: true}"),
)


class Host:
    """A host with bundle files and settings of Airflow.

    Args:
        folder: Airflow's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sdk: dict[str, Any] = {"queue_to_coordinator": {"fast": "dagfloe"}}
        self.dag_bundles: list[dict[str, Any]] | None = None
        self.coordinate("dagfloe", {})

    def coordinate(self, name: str, kwargs: dict[str, Any]) -> None:
        """Define a coordinator."""
        self.sdk.setdefault("coordinators", {})[name] = {"classpath": CLASS, "kwargs": kwargs}

    def add(self, path: str, dag_id: str = "sales", manifest: str = MANIFEST) -> Path:
        """Write a bundle file to a path in the folder."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        write_bundle(file, "succeed()", manifest.replace("DAG", dag_id))
        return file

    def problems(self, version: str = "3.4.0b2") -> list[Check]:
        """Return the checks that are not ok."""
        env = {"AIRFLOW_HOME": str(self.folder)}
        env |= {f"AIRFLOW__SDK__{key.upper()}": json.dumps(value) for key, value in self.sdk.items()}
        if self.dag_bundles is not None:
            env["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps(self.dag_bundles)
        return [check for check in check_airflow(env, version) if check.state != "ok"]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host whose Dags folder contains a bundle file."""
    host = Host(tmp_path)
    host.add("dags/sales")
    return host


def local(name: str, folder: Path) -> dict[str, Any]:
    """The settings of a local Dag bundle."""
    return {"name": name, "classpath": LOCAL, "kwargs": {"path": str(folder)}}


def test_settings_of_the_other_release(host: Host) -> None:
    """A release fails for the setting of the other one; an unknown release accepts both."""
    root, dag_bundle = {"executables_root": [str(host.folder / "dags")]}, {"task_handler_bundle_name": "dags-folder"}
    for version, wrong, right in (("3.4.0b2", root, dag_bundle), ("3.3.2", dag_bundle, root)):
        host.coordinate("dagfloe", wrong)
        (problem,) = host.problems(version)
        assert (problem.name, problem.state) == ("coordinators", "failed")
        release = version[:3]
        assert problem.text == (
            f"dagfloe has {next(iter(wrong))}, which Airflow {release} does not know, so its tasks fail without a log"
        )
        assert problem.cure == f"replace it: dagfloe settings FOLDER --airflow {release} prints the settings"
        host.coordinate("dagfloe", {**right, "task_startup_timeout": 60})
        assert host.problems(version) == []
    for kwargs in (root, dag_bundle):
        host.coordinate("dagfloe", kwargs)
        assert [problem.text for problem in host.problems("?")] == []


def test_settings_of_both_releases(host: Host) -> None:
    """A coordinator for the other release is only a warning if Airflow does not create it."""
    host.sdk = {"dag_bundle_to_coordinator": {"dags-folder": "for-3.4"}}
    host.coordinate("for-3.3", {"executables_root": [str(host.folder / "dags")]})
    host.coordinate("for-3.4", {"task_handler_bundle_name": "dags-folder"})
    for version in ("3.3.2", "3.4.0b2"):
        host.sdk["queue_to_coordinator"] = {"dagfloe": f"for-{version[:3]}"}
        problems = host.problems(version)
        assert [problem.state for problem in problems] == ["warning"]
        assert problems[0].text.endswith("does not know, but no queue leads to it")
    host.sdk["queue_to_coordinator"] = {"dagfloe": "for-3.3"}
    assert [problem.state for problem in host.problems()] == ["failed"]


def test_a_misspelled_keyword_argument(host: Host) -> None:
    """Airflow cannot create a coordinator with it, so the check names it."""
    host.coordinate("dagfloe", {"task_handler_bundle": "dags-folder"})
    (problem,) = host.problems()
    assert problem.cure == "remove task_handler_bundle from kwargs"
    host.coordinate("dagfloe", {})
    assert host.problems() == []


def test_an_unknown_dag_bundle(host: Host) -> None:
    """Airflow refuses all its settings if a queue leads to a coordinator with an unknown Dag bundle."""
    host.add("handlers/report", "report")
    host.coordinate("dagfloe", {"task_handler_bundle_name": "handlers"})
    (problem,) = host.problems()
    assert (problem.name, problem.state) == ("Dag bundles", "failed")
    assert problem.text == (
        "[dag_processor] dag_bundle_config_list has no handlers, the Dag bundle of the coordinator dagfloe, "
        "so every task on this host fails, Python tasks too"
    )
    entry = json.loads(problem.cure.partition(": ")[2].replace("FOLDER", str(host.folder / "handlers")))
    host.dag_bundles = [local("dags-folder", host.folder / "dags"), entry]
    assert host.problems() == []
    host.dag_bundles = None
    host.sdk["queue_to_coordinator"] = {}
    unused = host.problems()
    assert [problem.state for problem in unused] == ["warning", "failed"]
    assert "every task" not in unused[1].text


def test_two_coordinators(host: Host) -> None:
    """Airflow 3.4 must know which of them asks the files of a Dag bundle for native Dags."""
    host.add("old/old", "one")
    host.add("new/new", "two")
    host.dag_bundles = [local(name, host.folder / name) for name in ("old", "new", "empty")]
    host.sdk["coordinators"] = {}
    host.coordinate("old-pandas", {"task_handler_bundle_name": "old"})
    host.coordinate("new-pandas", {"task_handler_bundle_name": "new"})
    host.sdk["queue_to_coordinator"] = {"old": "old-pandas", "new": "new-pandas"}
    (problem,) = host.problems()
    assert (problem.name, problem.state) == ("coordinators", "failed")
    assert problem.text == (
        "2 are for bundle files, and [sdk] dag_bundle_to_coordinator does not choose one for old, new, "
        "so each bundle file there has an import error"
    )
    setting, _, value = problem.cure.removeprefix("set in [sdk]: ").partition(" = ")
    assert json.loads(value) == {"old": "old-pandas", "new": "new-pandas"}
    host.sdk[setting] = json.loads(value)
    assert host.problems() == []
    host.sdk[setting] = {"old": "old-pandas", "new": "missing"}
    assert host.problems()[0].cure == problem.cure
    (host.folder / "new" / ".airflowignore").write_text("*\n")
    assert host.problems() == []
    del host.sdk[setting]
    assert "for old, so" in host.problems()[0].text


def test_a_queue_that_leads_nowhere(host: Host) -> None:
    """Airflow refuses all its settings, even if they define no coordinator."""
    coordinators = host.sdk["coordinators"]
    for defined, cure in ((coordinators, "set it to dagfloe"), ({}, "define it, or remove the queue")):
        host.sdk |= {"coordinators": defined, "queue_to_coordinator": {"fast": "missing"}}
        problem = host.problems()[-1]
        assert (problem.name, problem.state) == ("queues", "failed")
        assert problem.text.endswith("the coordinator of fast, so every task on this host fails, Python tasks too")
        assert problem.cure == f"correct [sdk] queue_to_coordinator: {cure}"
    host.sdk |= {"coordinators": coordinators, "queue_to_coordinator": {"fast": "dagfloe"}}
    assert host.problems() == []


def test_a_declared_queue_that_leads_nowhere(host: Host) -> None:
    """Airflow would run the stub of the task itself."""
    path = host.add("dags/big", "big", DECLARING)
    (problem,) = host.problems()
    assert (problem.name, problem.state) == ("queues", "warning")
    assert problem.text.startswith(f"tasks of {path} declare the queue large, which leads to no coordinator")
    assert problem.cure == "add large to [sdk] queue_to_coordinator"
    host.sdk["queue_to_coordinator"]["large"] = "dagfloe"
    assert host.problems() == []


@pytest.mark.parametrize("manifest", NATIVE)
@pytest.mark.parametrize("name", ["native.bin", "native-1.2", "native.1.2"])
def test_a_suffix(host: Host, name: str, manifest: str) -> None:
    """Airflow 3.4 looks for native Dags only in files whose names have no suffix, in all Dag bundles."""
    host.dag_bundles = [local("dags-folder", host.folder / "dags"), local("other", host.folder / "other")]
    host.add(f"other/{name}", "native", manifest)
    assert host.problems("3.3.2")[0].text == "executables_root of the coordinator names no folder"
    (problem,) = host.problems()
    assert (problem.name, problem.state) == ("bundle file", "failed")
    assert problem.text.endswith(
        f"/other/{name}: Airflow looks for native Dags only in files whose names have no suffix"
    )
    subprocess.run(shlex.split(problem.cure), check=True, timeout=60)
    assert host.problems() == []
    host.add("other/handlers.bin", "handlers")
    assert host.problems() == [], "a file with handlers only may have any name"


def test_a_file_that_is_not_executable(host: Host) -> None:
    """Airflow 3.4 makes it executable if it may; Airflow 3.3 ignores it."""
    (host.folder / "dags" / "sales").chmod(0o644)
    (problem,) = host.problems()
    assert problem.state == "warning"
    host.coordinate("dagfloe", {"executables_root": [str(host.folder / "dags")]})
    (problem,) = host.problems("3.3.2")
    assert problem.state == "failed"
    subprocess.run(shlex.split(problem.cure), check=True, timeout=60)
    assert host.problems("3.3.2") == []
