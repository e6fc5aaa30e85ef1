"""Bundle files in a complete Airflow: two in one Dag, a new version, and broken, missing and changed ones."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from e2e.scene import DEADLINE_S
from e2e.settings import newer

if TYPE_CHECKING:
    from e2e.scene import Run, Scene

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(400, func_only=True)]
MODULE = "<module>"


def test_two_bundles_in_one_dag(scene: Scene) -> None:
    """Two bundles with different versions of pandas run in one Dag."""
    run = scene.run("weather")
    run.expect_end("by_year", "success")
    run.expect_end("load", "success")
    run.expect_xcom("by_year", {"2012": 12, "2013": 12, "2014": 12, "2015": 12})
    run.expect_xcom("load", 48, key="rows")
    for task_id, event, major in (("extract", "read 1461 days, pandas", "1"), ("by_year", "48 months, pandas", "2")):
        event_with_version = run.record(task_id, event)["event"]
        assert re.findall(r"pandas (\d+)\.", event_with_version) == [major], task_id
    run.expect_run_state("success")


def test_replaced_bundle(scene: Scene) -> None:
    """A run that starts after a bundle was replaced uses the new version."""
    first = scene.run("small")
    first.expect_end("version", "success")
    first.expect_xcom("version", 1)
    # As the documentation says: copy under a hidden name, then rename.
    copied = scene.world.bundles / ".small"
    shutil.copy2(scene.world.spares / "small-2", copied)
    copied.rename(scene.world.bundles / "small")
    second = scene.new_run("small")
    second.expect_end("version", "success")
    second.expect_xcom("version", 2)


def test_bundle_whose_module_fails_to_import(scene: Scene) -> None:
    """A bundle whose module fails to import fails its task with the traceback."""
    run = scene.run("broken")
    run.expect_end("never", "failed")
    record = run.record("never", "The task cannot begin: the bundle's module cannot be imported (KeyError)")
    (error,) = record["error_detail"]
    assert (error["exc_type"], error["exc_value"]) == ("KeyError", "'DAGFLOE_E2E_PLACE'")
    assert [frame["name"] for frame in error["frames"] if "broken.py" in frame["filename"]] == [MODULE]
    if newer(scene.world.version):
        assert "broken" not in scene.api.import_errors()  # the launcher answers, and imports nothing


def test_missing_bundle(scene: Scene) -> None:
    """A task fails when no file holds its bundle."""
    _expect_no_bundle(scene.run("missing"))


def test_tampered_bundle(scene: Scene) -> None:
    """Airflow ignores a bundle file that was changed after its build."""
    _expect_no_bundle(scene.run("tampered"))
    if newer(scene.world.version):
        # The Dag processor of 3.4 asks each file for its Dags.
        assert "binary SHA-256 does not match its trailer" in scene.api.import_errors().get("tampered", "")


@pytest.mark.airflow_version("3.3", reason="Airflow 3.4 runs this bundle")
def test_bundle_for_a_newer_airflow_is_refused(scene: Scene) -> None:
    """Airflow 3.3 ignores a bundle that names a newer schema."""
    run = scene.run("newer")
    run.expect_end("report", "failed")
    _expect_component_line(
        scene, "cannot find executable bundle with usable supervisor_schema_version for dag_id='newer'"
    )


def _expect_no_bundle(run: Run) -> None:
    """Check that Airflow found no bundle file and failed the task."""
    run.expect_end("version", "failed")
    _expect_component_line(run.scene, f"cannot find executable bundle containing dag_id='{run.dag_id}'")


def _expect_component_line(scene: Scene, part: str) -> None:
    """Wait for a line of a component. A task for which no process was started has no log."""

    def is_written() -> bool:
        return any(part in output.replace("\\", "") for output in scene.world.output().values())

    scene.api.wait(f"{part!r} in the components' output", is_written, DEADLINE_S / 4)
