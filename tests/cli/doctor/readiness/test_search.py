"""The search for the bundle file of a Dag, by itself and compared with that of Airflow's own coordinator."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from dagfloe.cli.doctor.airflow_version import release_of
from dagfloe.cli.doctor.readiness.places import Place
from dagfloe.cli.doctor.readiness.search import search
from support.dag_files import SCHEMA_3_4, SCHEMA_UNKNOWN, damage, write
from support.peer import DEADLINE_S

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

RELEASES = ((3, 3), (3, 4))
#: Prints the release of an Airflow, and for each Dag the file that its coordinator starts.
ASK_AIRFLOW = """
import json, pathlib, sys
from importlib.metadata import version
from airflow.sdk.coordinators.executable.coordinator import _Bundle
roots, dag_ids = json.loads(sys.argv[1])
files = {}
for dag_id in dag_ids:
    try:
        files[dag_id] = str(_Bundle.find([pathlib.Path(root) for root in roots], dag_id).path)
    except FileNotFoundError:
        files[dag_id] = None
print(json.dumps([version("apache-airflow-core"), files]))
"""


def find(root: Path, dag_id: str, release: tuple[int, int] | None = (3, 3), *, only_native: bool = False) -> str:
    """Return the file of a Dag, relative to the folder; else the reason why its file is rejected; else nothing."""
    result = search(Place((root,), only_native=only_native), [dag_id], release)
    if dag_id in result.files:
        return str(result.files[dag_id].path.relative_to(root))
    (reason,) = result.rejected.get(dag_id, [""])
    return reason.partition(": ")[2]


def test_a_file_in_a_subfolder(tmp_path: Path) -> None:
    """The file is found at any depth, and behind a link. Links in a circle end."""
    write(tmp_path / "files" / "a" / "b" / "sales", "sales", "other")
    (tmp_path / "files" / "a" / "circle").symlink_to(tmp_path / "files")
    (tmp_path / "link").symlink_to(tmp_path / "files" / "a" / "b")
    assert find(tmp_path / "files", "sales") == find(tmp_path / "files", "other") == "a/b/sales"
    assert find(tmp_path / "link", "sales") == "sales"
    assert find(tmp_path / "files", "missing") == find(tmp_path / "missing", "sales") == ""
    assert find(tmp_path / ("x" * 300), "sales") == ""


def test_several_dags_are_searched_in_one_walk(tmp_path: Path) -> None:
    """Each Dag has its own file. The files of the others are not needed."""
    write(tmp_path / "one", "a", "b")
    write(tmp_path / "two", "c")
    result = search(Place((tmp_path / "one", tmp_path / "two")), ["c", "a", "d"], (3, 3))
    assert {dag_id: bundle.path.name for dag_id, bundle in result.files.items()} == {"a": "one", "c": "two"}
    assert result.rejected == {}


@pytest.mark.parametrize("release", RELEASES)
def test_a_damaged_file(release: tuple[int, int], tmp_path: Path) -> None:
    """A file whose digest is wrong is not used, and neither is one without a trailer or without a manifest."""
    damage(write(tmp_path / "sales", "sales"))
    (tmp_path / "text").write_text("sales")
    write(tmp_path / "odd", "sales", more="dags: [sales]")
    write(tmp_path / "broken", "sales", more="}")
    assert find(tmp_path, "sales", release) == "it is damaged: its digest is not the one in its trailer"
    write(tmp_path / "z" / "copy", "sales")
    assert find(tmp_path / "z", "sales", release) == "copy"


def test_a_file_that_is_not_executable(tmp_path: Path) -> None:
    """Airflow 3.3 ignores it. Airflow 3.4 uses it, and makes it executable if it owns it."""
    write(tmp_path / "sales", "sales").chmod(0o644)
    assert find(tmp_path, "sales", (3, 3)) == "it is not executable for this user, so Airflow ignores it"
    assert find(tmp_path, "sales", (3, 4)) == find(tmp_path, "sales", None) == "sales"


def test_the_supervisor_schema_version(tmp_path: Path) -> None:
    """Airflow knows the versions of its release and of older ones. What a newer Airflow knows is not known here."""
    for name, schema in (("new", SCHEMA_3_4), ("unknown", SCHEMA_UNKNOWN)):
        write(tmp_path / name, name, schema=f'"{schema}"')
    for name, schema in (("date", SCHEMA_3_4), ("number", "5"), ("none", "null"), ("empty", '""')):
        write(tmp_path / name, name, schema=schema)
    problem = "Airflow {} does not know its supervisor schema version {}"
    assert find(tmp_path, "new", (3, 3)) == problem.format("3.3", SCHEMA_3_4)
    assert find(tmp_path, "unknown", (3, 3)) == problem.format("3.3", SCHEMA_UNKNOWN)
    assert find(tmp_path, "new", (3, 4)) == "new"
    assert find(tmp_path, "unknown", (3, 4)) == problem.format("3.4", SCHEMA_UNKNOWN)
    for release in (None, (3, 5), (4, 0)):
        assert find(tmp_path, "unknown", release) == "unknown"
        for name in ("date", "number", "none", "empty"):
            assert find(tmp_path, name, release) == "its manifest does not name a supervisor schema version"


def test_native_dags(tmp_path: Path) -> None:
    """A native Dag runs from the file that returned it, which is one without a suffix."""
    write(tmp_path / "ours", "sales: {is_native: true}, x")
    write(tmp_path / "plain", "plain")
    write(tmp_path / "others", "stock", more="dag_source_paths: {stock: raw.py}")
    write(tmp_path / "v1.2", "old", more="dag_source_paths: {old: raw.py}")
    assert find(tmp_path, "plain", (3, 4), only_native=True) == ""
    assert find(tmp_path, "sales", (3, 4), only_native=True) == "ours"
    assert find(tmp_path, "stock", (3, 4), only_native=True) == "others"
    assert find(tmp_path, "old", (3, 4), only_native=True).startswith("Airflow looks for native Dags only in files")


def real_choices(roots: Iterable[Path], dag_ids: Iterable[str]) -> tuple[tuple[int, int], dict[str, str | None]]:
    """Return the release of the real Airflow, and the file that its coordinator starts for each Dag."""
    question = json.dumps([[str(root) for root in roots], [*dag_ids]])
    command = [os.environ["DAGFLOE_AIRFLOW_PYTHON"], "-c", ASK_AIRFLOW, question]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=DEADLINE_S)
    version, files = json.loads(done.stdout.splitlines()[-1])
    release = release_of(version)
    assert release is not None
    return release, files


@pytest.mark.airflow
def test_airflow_chooses_the_same_file(tmp_path: Path) -> None:
    """For each Dag, the real coordinator starts the file that the search finds, also among several with the Dag."""
    dag_ids = [f"dag{number}" for number in range(8)]
    roots = (tmp_path / "first", tmp_path / "second", tmp_path / "missing")
    for number in range(24):
        path = write(roots[number % 2] / f"d{number % 5}" / f"f{number}", dag_ids[number % 8], dag_ids[number % 7])
        if number % 6 == 0:
            damage(path)
    write(roots[0] / "later", "schema", schema=f'"{SCHEMA_UNKNOWN}"')
    write(roots[1] / "later", "schema")
    write(roots[0] / "new", "new", schema=f'"{SCHEMA_3_4}"')
    write(roots[0] / "unset", "unset", schema="null")
    write(roots[0] / "date", "date", schema=SCHEMA_3_4)
    write(roots[1] / "locked", "locked").chmod(0o644)
    dag_ids += ["schema", "new", "unset", "date", "locked", "missing"]
    ours = {release: search(Place(roots), dag_ids, release).files for release in RELEASES}
    release, theirs = real_choices(roots, dag_ids)
    found = ours[release]
    assert {dag_id: str(found[dag_id].path.resolve()) if dag_id in found else None for dag_id in dag_ids} == theirs
    assert (theirs["new"] is None) == (theirs["locked"] is None) == (release == (3, 3))
    assert len({*theirs.values()}) > 6
