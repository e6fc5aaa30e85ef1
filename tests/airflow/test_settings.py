"""Real Airflows read the settings that `dagfloe settings` prints, and refuse what `dagfloe doctor` refuses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe.cli.doctor.airflow_checks import check_airflow
from dagfloe.cli.doctor.airflow_version import find_version
from support.blocks import ROOT, read_blocks
from support.quoted_messages import shows
from support.raw_bundle import write_bundle

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagfloe.cli.doctor.check import Check

pytestmark = pytest.mark.airflow

DEADLINE_S = 120
CLASS = "airflow.sdk.coordinators.executable.ExecutableCoordinator"
LOCAL = "airflow.dag_processing.bundles.local.LocalDagBundle"
MANIFEST = """
airflow_bundle_metadata_version: "1.0"
dags: {sales: {tasks: [t]}}
sdk: {language: raw, version: "1", supervisor_schema_version: "2026-06-16"}
source: raw.py
"""
#: Creates the coordinator of a queue, as a worker does; the last line is its folders or the error.
LOAD = """
import json, sys
from airflow.sdk.configuration import conf
from airflow.sdk.execution_time.coordinator import CoordinatorManager
try:
    coordinator = CoordinatorManager.from_config().for_queue(sys.argv[1])
    if hasattr(coordinator, "executables_root"):
        folders = [str(root) for root in coordinator.executables_root]
    else:
        from airflow.dag_processing.bundles.manager import DagBundlesManager
        name = coordinator.task_handler_bundle_name or "dags-folder"
        folders = [str(DagBundlesManager().get_bundle(name).path)]
    print(json.dumps({"folders": folders}))
except Exception as error:
    print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
"""
#: Lists the files of a Dag bundle that Airflow 3.4 asks for native Dags; the last line has their names or the error.
PARSE = """
import json, sys
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.sdk.coordinators.executable._dag_importer import ExecutableDagImporter
importer = ExecutableDagImporter(bundle_name=sys.argv[1])
try:
    importer.get_parsing_coordinator()
    bundle = DagBundlesManager().get_bundle(sys.argv[1])
    print(json.dumps({"files": sorted(found.path.name for found in importer.list_dag_definitions(bundle))}))
except Exception as error:
    print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
"""


class Host:
    """An Airflow home with the configuration file that Airflow writes.

    Args:
        home: its folder.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.bin = Path(os.environ["DAGFLOE_AIRFLOW_PYTHON"]).parent
        self.env = {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "HOME": str(home),
            "PATH": f"{self.bin}:/usr/bin:/bin",
        }
        self.version = find_version(self.env)
        self.is_newer = not self.version.startswith("3.3.")

    def ask(self, *command: str | Path) -> str:
        """Run a program of Airflow's environment, and return the last line of its output."""
        answer = subprocess.run(
            [*map(str, command)], capture_output=True, text=True, env=self.env, timeout=DEADLINE_S, check=False
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.splitlines()[-1]

    def python(self, script: str, *arguments: str) -> Any:
        """Run a script in Airflow's Python."""
        return json.loads(self.ask(self.bin / "python", "-c", script, *arguments))

    def paste(self, settings: str) -> None:
        """Put settings into airflow.cfg as they say: below the line of their section, in place of what is there."""
        file = self.home / "airflow.cfg"
        content = file.read_text("utf-8")
        for part in re.split(r"(?m)^\[", settings)[1:]:
            section, _, body = part.partition("]\n")
            for key in re.findall(r"(?m)^(\w+) =", body):
                content = re.sub(rf"(?m)^{key} =.*\n(?:[ \t]+\S.*\n)*", "", content)
            assert content.count(f"\n[{section}]\n") == 1
            content = content.replace(f"\n[{section}]\n", f"\n[{section}]\n{body}")
        file.write_text(content, "utf-8")

    def checks(self) -> list[Check]:
        """Return the checks of `dagfloe doctor`."""
        return [*check_airflow(self.env)]

    def failures(self) -> list[Check]:
        """Return the failed checks."""
        return [check for check in self.checks() if check.state == "failed"]

    def configure(self, **settings: Any) -> None:
        """Set settings in the environment."""
        for key, value in settings.items():
            section = "DAG_PROCESSOR" if key == "dag_bundle_config_list" else "SDK"
            self.env[f"AIRFLOW__{section}__{key.upper()}"] = json.dumps(value)

    def coordinate(self, **kwargs: Any) -> None:
        """Set the coordinator of the queue `dagfloe`."""
        coordinators = {"dagfloe": {"classpath": CLASS, "kwargs": kwargs}}
        self.configure(coordinators=coordinators, queue_to_coordinator={"dagfloe": "dagfloe"})


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host with a bundle file in the Dags folder."""
    host = Host(tmp_path / "airflow")
    (host.home / "dags").mkdir(parents=True)
    write_bundle(host.home / "dags" / "sales", "succeed()", MANIFEST)
    return host


@pytest.mark.parametrize("name", ["dags", "$HOME %d #1;'\"ü"])
def test_printed_settings(host: Host, name: str) -> None:
    """Pasted into Airflow's own configuration file, the settings lead to the folder."""
    assert host.ask(host.bin / "airflow", "config", "get-value", "core", "dags_folder") == str(host.home / "dags")
    (host.home / "dags" / "sales").unlink()
    folder = host.home / name
    folder.mkdir(exist_ok=True)
    write_bundle(folder / "sales", "succeed()", MANIFEST)
    command = [Path(sys.executable).with_name("dagfloe"), "settings", folder]
    answer = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, env=host.env, timeout=DEADLINE_S, check=True
    )
    host.paste(answer.stdout)
    queues = host.ask(host.bin / "airflow", "config", "get-value", "sdk", "queue_to_coordinator")
    assert json.loads(queues) == {"dagfloe": "dagfloe"}
    assert host.python(LOAD, "dagfloe") == {"folders": [str(folder)]}
    checks = host.checks()
    assert {check.state for check in checks} == {"ok"}, checks
    assert checks[0].text == f"version {host.version}"
    assert any(check.text == f"{folder}: 1 bundle file" for check in checks)


def local(name: str, folder: Path) -> dict[str, Any]:
    """The settings of a local Dag bundle."""
    return {"name": name, "classpath": LOCAL, "kwargs": {"path": str(folder)}}


def refuse_other_release(host: Host) -> str:
    """Set what only the other release has."""
    kwargs = {"executables_root": [str(host.home / "dags")]}, {"task_handler_bundle_name": "dags-folder"}
    host.coordinate(**kwargs[0 if host.is_newer else 1])
    return "Cannot instantiate coordinator '…'"


def refuse_keyword(host: Host) -> str:
    """Misspell a keyword argument."""
    host.coordinate(task_startup=60, **({} if host.is_newer else {"executables_root": [str(host.home / "dags")]}))
    return "Cannot instantiate coordinator '…'"


def refuse_queue(host: Host) -> str:
    """Send a queue nowhere; the other queue fails, too."""
    repair(host)
    host.configure(queue_to_coordinator={"dagfloe": "dagfloe", "fast": "missing"})
    return "[sdk] queue_to_coordinator references invalid coordinator key: '…'"


def refuse_dag_bundle(host: Host) -> str:
    """Name a Dag bundle that is not configured."""
    if not host.is_newer:
        pytest.skip("Airflow 3.3 has no such setting")
    host.coordinate(task_handler_bundle_name="handlers")
    return "sets task_handler_bundle_name='…', which is not a bundle in [dag_processor] dag_bundle_config_list"


def repair(host: Host) -> None:
    """Set correct settings."""
    host.coordinate(**({} if host.is_newer else {"executables_root": [str(host.home / "dags")]}))


@pytest.mark.parametrize("break_settings", [refuse_other_release, refuse_keyword, refuse_queue, refuse_dag_bundle])
def test_refused_settings(host: Host, break_settings: Callable[[Host], str]) -> None:
    """Airflow cannot create the coordinator, and doctor fails. Corrected, both accept the settings."""
    message = break_settings(host)
    shows(message, host.python(LOAD, "dagfloe")["error"])
    if break_settings in (refuse_queue, refuse_dag_bundle):  # Python tasks fail, too
        shows(message, host.python(LOAD, "default")["error"])
    assert len(host.failures()) == 1
    repair(host)
    assert host.python(LOAD, "dagfloe") == {"folders": [str(host.home / "dags")]}
    assert host.failures() == []


def test_parsers(host: Host) -> None:
    """Airflow 3.4 asks files without a suffix for native Dags, if it knows which coordinator starts them."""
    if not host.is_newer:
        pytest.skip("Airflow 3.3 has no native Dags")
    dags = host.home / "dags"
    repair(host)
    write_bundle(dags / "native.bin", "succeed()", MANIFEST.replace("sales", "n") + "dag_source_paths: {n: x}\n")
    assert host.python(PARSE, "dags-folder") == {"files": ["sales"]}
    (failure,) = host.failures()
    host.ask("sh", "-c", f"{failure.cure} && echo done")
    assert host.python(PARSE, "dags-folder") == {"files": ["native-bin", "sales"]}
    assert host.failures() == []
    coordinator = {"classpath": CLASS, "kwargs": {}}
    host.configure(coordinators={"dagfloe": coordinator, "second": coordinator})
    assert "Map the bundle to one of them in" in host.python(PARSE, "dags-folder")["error"]
    (failure,) = host.failures()
    setting, _, value = failure.cure.removeprefix("set in [sdk]: ").partition(" = ")
    host.configure(**{setting: json.loads(value)})
    assert host.python(PARSE, "dags-folder") == {"files": ["native-bin", "sales"]}
    assert host.failures() == []
    del host.env["AIRFLOW__SDK__DAG_BUNDLE_TO_COORDINATOR"]
    (dags / ".airflowignore").write_text("*\n")
    assert host.python(PARSE.replace("importer.get_parsing_coordinator()", "pass"), "dags-folder") == {"files": []}
    assert host.failures() == []


def test_settings_for_both_releases(host: Host) -> None:
    """The settings of the page on upgrading work in 3.3, and with the other queue in 3.4."""
    both, newer = (
        block.content.replace("/opt/airflow", str(host.home))
        for block in read_blocks(ROOT / "docs" / "how-to" / "upgrading-to-3.4.md")
        if block.language == "ini"
    )
    (host.home / "dags" / "sales").rename(host.home / "sales")
    (host.home / "bundles").mkdir()
    (host.home / "sales").rename(host.home / "bundles" / "sales")
    host.ask(host.bin / "airflow", "config", "get-value", "core", "dags_folder")
    folders = {"folders": [str(host.home / "bundles")]}
    error = {"error": "InvalidCoordinatorError: Cannot instantiate coordinator 'for-3.3'"}
    host.paste(both)
    assert host.python(LOAD, "dagfloe") == (error if host.is_newer else folders)
    assert [check.state for check in host.failures()] == (["failed"] if host.is_newer else [])
    host.paste(newer)
    error = {"error": "InvalidCoordinatorError: Cannot instantiate coordinator 'for-3.4'"}
    assert host.python(LOAD, "dagfloe") == (folders if host.is_newer else error)
    assert [check.state for check in host.failures()] == ([] if host.is_newer else ["failed"])
    if host.is_newer:
        assert host.python(PARSE, "bundle-files") == {"files": ["sales"]}
