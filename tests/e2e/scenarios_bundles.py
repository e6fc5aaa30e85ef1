"""Scenarios of bundle files: two in one Dag, a new version, broken, missing and changed ones."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from e2e.scenarios import DEADLINE_S, Wrong, same, scenario

if TYPE_CHECKING:
    from e2e.scenarios import Run, Scene


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
    text = scene.api.log_text(run.dag_id, run.run_id, "never")
    for wanted in ("KeyError", "DAGFLOE_E2E_PLACE", "broken.py"):
        if wanted not in text:
            raise Wrong(f"the log does not say {wanted!r}")


@scenario("a missing bundle")
def missing(scene: Scene) -> None:
    _is_not_found(scene.run("missing"))


@scenario("a bundle that was tampered with")
def tampered(scene: Scene) -> None:
    _is_not_found(scene.run("tampered"))


def _is_not_found(run: Run) -> None:
    """Airflow finds no file, fails the task, and says so in the scheduler's output: the task has no process to log."""
    run.ends("version", "failed")
    said = f"cannot find executable bundle containing dag_id='{run.dag_id}'"

    def told() -> bool:
        return any(said in text.replace("\\", "") for text in run.scene.world.output().values())

    run.api.wait(f"{said!r} in the components' output", told, DEADLINE_S / 4)
