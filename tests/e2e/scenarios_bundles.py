"""Scenarios of bundle files: two in one Dag, a new version, broken, missing and changed ones."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from e2e.scenarios import DEADLINE_S, Wrong, same, scenario
from e2e.settings import newer

if TYPE_CHECKING:
    from e2e.scenarios import Run, Scene

MODULE = "<module>"


@scenario("two bundles in one Dag, pandas 1 and pandas 2")
def two_pandas(scene: Scene) -> None:
    run = scene.run("weather")
    run.ends("by_year", "success")
    run.ends("load", "success")
    run.pushed("by_year", {"2012": 12, "2013": 12, "2014": 12, "2015": 12})
    run.pushed("load", 48, key="rows")
    for task_id, event, major in (("extract", "read 1461 days, pandas", "1"), ("by_year", "48 months, pandas", "2")):
        text = run.says(task_id, event)["event"]
        same(f"pandas of {task_id}", re.findall(r"pandas (\d+)\.", text), [major])
    run.is_over("success")


@scenario("a bundle that is replaced between two runs")
def replaced(scene: Scene) -> None:
    first = scene.run("small")
    first.ends("version", "success")
    first.pushed("version", 1)
    # As the documentation says: copied under a name that is no bundle's yet, then renamed.
    copied = scene.world.bundles / ".small"
    shutil.copy2(scene.world.spares / "small-2", copied)
    copied.rename(scene.world.bundles / "small")
    second = scene.new_run("small")
    second.ends("version", "success")
    second.pushed("version", 2)


@scenario("a bundle whose module fails to import")
def broken(scene: Scene) -> None:
    run = scene.run("broken")
    run.ends("never", "failed")
    record = run.says("never", "The task cannot begin: the bundle's module cannot be imported (KeyError)")
    (error,) = record["error_detail"]
    same("the error", (error["exc_type"], error["exc_value"]), ("KeyError", "'DAGFLOE_E2E_PLACE'"))
    same(
        "its frames in broken.py",
        [each["name"] for each in error["frames"] if "broken.py" in each["filename"]],
        [MODULE],
    )
    if newer(scene.world.version):
        _complains(scene, "broken", "broken.py", "KeyError: 'DAGFLOE_E2E_PLACE'")


@scenario("a missing bundle")
def missing(scene: Scene) -> None:
    _is_not_found(scene.run("missing"))


@scenario("a bundle that was tampered with")
def tampered(scene: Scene) -> None:
    _is_not_found(scene.run("tampered"))
    if newer(scene.world.version):
        _complains(scene, "tampered", "binary SHA-256 does not match its trailer")


@scenario("a bundle for 3.4 alone, refused", only="3.3", why="this Airflow runs it, see the stub Dag's arguments")
def refused(scene: Scene) -> None:
    run = scene.run("newer")
    run.ends("report", "failed")
    _is_said(scene, "cannot find executable bundle with usable supervisor_schema_version for dag_id='newer'")


def _complains(scene: Scene, file: str, *wanted: str) -> None:
    """Check the import error of a bundle file: the Dag processor of 3.4 asks each for Dags."""
    error = scene.api.import_errors().get(file, "")
    if not all(text in error for text in wanted):
        raise Wrong(f"the import error of {file} does not say {wanted}: {error!r}")


def _is_not_found(run: Run) -> None:
    """Airflow finds no file, and fails the task."""
    run.ends("version", "failed")
    _is_said(run.scene, f"cannot find executable bundle containing dag_id='{run.dag_id}'")


def _is_said(scene: Scene, wanted: str) -> None:
    """Wait for it in the output of the components: a task of which no process was started has no log."""

    def told() -> bool:
        return any(wanted in text.replace("\\", "") for text in scene.world.output().values())

    scene.api.wait(f"{wanted!r} in the components' output", told, DEADLINE_S / 4)
