"""Builds the bundle files with `dagfloe build`, and the Dag files with `dagfloe stub`, that the tests run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from e2e.places import ROOT
from e2e.settings import COORDINATOR, LOCAL_BUNDLE, QUEUE, newer

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
#: The cache of builds for the next run of the tests.
CACHE = ROOT / ".cache" / "e2e"
DEMO = ROOT / "tests" / "demo"
SMALL = DEMO / "small"
SMALL_34 = DEMO / "small34"
DAG_ID = '"small"'
VERSION = ("VERSION = 1", "VERSION = 2")
#: Projects by the name of their bundle file: the folder, and a replacement in `small.py`.
PROJECTS = {
    "demo": (DEMO / "demo", None),
    "newer": (DEMO / "newer", None),
    "weather": (ROOT / "bundles" / "weather", None),
    "broken": (DEMO / "broken", None),
    "pandas2": (DEMO / "pandas2", None),
    "small": (SMALL, None),
    "small-2": (SMALL, VERSION),
    "tampered": (SMALL, (DAG_ID, '"tampered"')),
    "missing": (SMALL, (DAG_ID, '"missing"')),
}
#: The projects with native Dags, which Airflow 3.4 reads from the bundle files in its Dags folder.
NATIVE = {
    "native34": (DEMO / "native34", None),
    "small34": (SMALL_34, None),
    "small34-2": (SMALL_34, VERSION),
    "native-small": (SMALL_34, ('"small34"', DAG_ID)),
}
#: The native files that a test copies into the Dags folder.
NATIVE_SPARES = {"small34-2", "native-small"}
#: A Dag can have tasks of two bundles if both have a coordinator: this bundle has its own coordinator and queue.
SECOND = "pandas2"
#: The Dags of `demo` that get a stub Dag file; the others are for tests with the supervisor alone.
DEMO_DAGS = ("arguments", "consumer", "ends", "graph", "producer", "stops", "talks", "waits")
#: Dags with handwritten files in `dags/`. They contain ordinary tasks, tasks of two bundles, or arguments.
HANDWRITTEN = {"mixed", "newer", "weather"}
#: The Dag file of `small` calls the loader, instead of being a stub.
LOADER = "from dagfloe.airflow import load_bundles\n\nload_bundles(globals(), {path!r})\n"
BUILD_DEADLINE_S = 900


class BuildError(Exception):
    """A command of dagfloe failed; the message contains its output."""


@dataclass(frozen=True)
class Builds:
    """The bundle files and Dag files of an Airflow.

    Attributes:
        root: the folder that contains them.
    """

    root: Path

    @property
    def bundles(self) -> Path:
        """The folder of the bundle files."""
        return self.root / "bundles"

    @property
    def second(self) -> Path:
        """The folder of the bundle file of the second coordinator."""
        return self.root / SECOND

    @property
    def spares(self) -> Path:
        """The folder of bundle files that a test copies to `bundles`."""
        return self.root / "spares"

    @property
    def dags(self) -> Path:
        """The folder of the Dag files."""
        return self.root / "dags"

    def files(self) -> Iterator[Path]:
        """All bundle files."""
        for folder in (self.bundles, self.second, self.spares):
            yield from folder.iterdir()

    def add_second(self, version: str, env: dict[str, str]) -> None:
        """Add the second coordinator to Airflow's settings."""
        coordinators = json.loads(env["AIRFLOW__SDK__COORDINATORS"])
        queues = json.loads(env["AIRFLOW__SDK__QUEUE_TO_COORDINATOR"])
        queues[SECOND] = SECOND
        if newer(version):
            dag_bundles = json.loads(env["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"])
            dag_bundles.append({"name": SECOND, "classpath": LOCAL_BUNDLE, "kwargs": {"path": str(self.second)}})
            env["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps(dag_bundles)
            # With two coordinators, the Dag processor needs the coordinator of each Dag bundle.
            owners = {"dags": QUEUE, "bundles": QUEUE, SECOND: SECOND}
            env["AIRFLOW__SDK__DAG_BUNDLE_TO_COORDINATOR"] = json.dumps(owners)
            options: dict[str, object] = {"task_handler_bundle_name": SECOND}
        else:
            options = {"executables_root": [str(self.second)]}
        coordinators[SECOND] = {"classpath": COORDINATOR, "kwargs": options}
        env["AIRFLOW__SDK__COORDINATORS"] = json.dumps(coordinators)
        env["AIRFLOW__SDK__QUEUE_TO_COORDINATOR"] = json.dumps(queues)


def build_all(root: Path, version: str) -> Builds:
    """Build the bundle files that are out of date, and put bundle files and Dag files into folders.

    Args:
        root: an empty folder.
        version: the version of Airflow. From 3.4 on, it also gets bundle files with native Dags.

    Raises:
        BuildError: a command failed.
    """
    builds = Builds(root)
    for folder in (builds.bundles, builds.second, builds.spares, builds.dags):
        folder.mkdir()
    for name in PROJECTS:
        if name == "missing":
            continue
        folder = {SECOND: builds.second, "small-2": builds.spares}.get(name, builds.bundles)
        shutil.copy2(_build(name), folder / name)
    _tamper(builds.bundles / "tampered")
    if newer(version):
        for name in NATIVE:
            shutil.copy2(_build(name), (builds.spares if name in NATIVE_SPARES else builds.dags) / name)
        shutil.copy2(builds.dags / "small34", builds.dags / "tampered34")
        _tamper(builds.dags / "tampered34")
    _stub("demo", builds.bundles / "demo", builds.dags, *DEMO_DAGS)
    _stub("broken", builds.bundles / "broken", builds.dags)
    _stub("tampered", _project("tampered"), builds.dags)
    _stub("missing", _project("missing"), builds.dags)
    (builds.dags / "small.py").write_text(LOADER.format(path=str(builds.bundles / "small")))
    for dag_id in HANDWRITTEN:
        shutil.copy(HERE / "dags" / f"{dag_id}.py", builds.dags)
    return builds


def _project(name: str) -> Path:
    """Return the folder of a project, or create the folder of a variant."""
    folder, change = (PROJECTS | NATIVE)[name]
    if change is None:
        return folder
    variant = CACHE / "projects" / name
    for file in folder.glob("*.*"):
        content = file.read_text()
        if file.name == "small.py":
            if change[0] not in content:
                raise BuildError(f"{file} does not have {change[0]!r}, which the variant {name!r} replaces")
            content = content.replace(*change)
        copied = variant / file.name
        if not copied.exists() or copied.read_text() != content:
            variant.mkdir(parents=True, exist_ok=True)
            copied.write_text(content)
    return variant


def _build(name: str) -> Path:
    output = CACHE / "files" / name
    _dagfloe("build", str(_project(name)), "--output", str(output), "--quiet")
    (bundle,) = (file for file in output.iterdir() if not file.name.startswith("."))
    return bundle


def _stub(name: str, source: Path, dags: Path, *dag_ids: str) -> None:
    """Write the stub Dag file of a bundle, with all Dags or with these."""
    options = [option for dag_id in dag_ids for option in ("--dag", dag_id)]
    _dagfloe("stub", str(source), "--output", str(dags / f"{name}.py"), *options)


def _tamper(file: Path) -> None:
    """Change one byte in the middle of a bundle file."""
    with file.open("r+b") as stream:
        stream.seek(file.stat().st_size // 2)
        byte = stream.read(1)[0]
        stream.seek(-1, os.SEEK_CUR)
        stream.write(bytes([byte ^ 1]))


def _dagfloe(*arguments: str) -> str:
    """Run the tool, and return its output."""
    # The module `broken` can be imported here, and not in Airflow.
    env = {**os.environ, "DAGFLOE_E2E_PLACE": "the build host"}
    command = [str(Path(sys.executable).parent / "dagfloe"), *arguments]
    result = subprocess.run(command, env=env, check=False, capture_output=True, text=True, timeout=BUILD_DEADLINE_S)
    if result.returncode:
        raise BuildError(
            f"dagfloe {' '.join(arguments)} ended with {result.returncode}:\n{result.stdout}{result.stderr}"
        )
    return result.stdout
