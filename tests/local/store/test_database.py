"""Tests of the database file."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing, suppress
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe import Connection, DagfloeError
from dagfloe.local.seed.seed_file import parse_seed
from dagfloe.local.store.database import Database, Row, make_rows, restore_row
from dagfloe.local.store.run_records import DagRunRecord, TaskInstanceRecord
from dagfloe.local.store.store import Store
from support.store_requests import OTHER_TI, TASK, answer, ask
from support.strategies import aware, json_values, text

WHEN = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=timezone.utc)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def save(path: Path, store: Store) -> None:
    with Database(path) as database:
        database.save(store)


def load(path: Path) -> Store:
    store = Store()
    with Database(path) as database:
        database.load(store)
    return store


def full_store() -> Store:
    """A store in which tasks wrote everything that a database saves."""
    store = Store()
    store.save_run(DagRunRecord(dag_id="d", run_id="r", run_after=WHEN, logical_date=WHEN, conf={"a": [1]}, note="n"))
    store.save_task_instance(
        TaskInstanceRecord(dag_id="d", task_id="t", run_id="r", ti_id=TASK.ti_id, state="success", start_date=WHEN)
    )
    ask(store, "PutVariable", key="api_key", value="hunter2", description=None)
    ask(store, "SetXCom", key="k", dag_id="d", run_id="r", task_id="t", map_index=2, value={"a": [1, None]})
    ask(store, "SetTaskStateStore", ti_id=TASK.ti_id, key="cursor", value=3, expires_at=None)
    event = {
        "source_alias_name": "al",
        "dest_asset_key": {"name": "raw", "uri": "s3://raw"},
        "dest_asset_extra": {"owner": "me"},
        "extra": {"rows": 3},
    }
    ask(
        store,
        "SucceedTask",
        end_date=WHEN,
        task_outlets=[{"type": "AssetAlias", "name": "al"}],
        outlet_events=[event],
    )
    store.add_asset("table", "s3://table")
    ask(store, "SetAssetStateStoreByName", name="table", key="cursor", value=[4])
    ask(store, "TriggerDagRun", dag_id="e", run_id="t")
    return store


def test_everything_is_restored(path: Path) -> None:
    """The next run has everything that tasks wrote in a run."""
    save(path, full_store())
    store = load(path)
    assert answer(store, "GetVariable", key="api_key")["value"] == "hunter2"
    assert store.mask("hunter2") == "***"
    xcom: dict[str, Any] = {"key": "k", "dag_id": "d", "run_id": "r", "task_id": "t"}
    assert answer(store, "GetXCom", **xcom, map_index=2)["value"] == {"a": [1, None]}
    assert answer(store, "GetTaskStateStore", ti_id=TASK.ti_id, key="cursor")["value"] == 3
    assert answer(store, "GetAssetStateStoreByUri", uri="s3://table", key="cursor")["value"] == [4]
    (asset,) = answer(store, "GetAssetsByAlias", alias_name="al")["assets"]
    assert (asset["name"], asset["extra"]) == ("raw", {"owner": "me"})
    assert answer(store, "GetAssetByName", name="raw")["error"] == "ASSET_NOT_FOUND"
    (event,) = answer(store, "GetAssetEventByAssetAlias", alias_name="al")["asset_events"]
    assert (event["extra"], event["source_task_id"]) == ({"rows": 3}, "t")
    run = answer(store, "GetDagRun", dag_id="d", run_id="r")
    assert (run["logical_date"], run["conf"], store.runs["d", "r"].note) == (WHEN, {"a": [1]}, "n")
    assert answer(store, "GetDagRunState", dag_id="e", run_id="t")["state"] == "queued"
    assert answer(store, "GetPreviousTI", dag_id="d", task_id="t")["task_instance"]["start_date"] == WHEN


def test_seeds_are_not_saved(path: Path) -> None:
    """The file has no variables and connections that no task wrote, and no asset events of a seed."""
    seed = parse_seed("[variables]\na = '1'\nb = '1'\n[[assets]]\nname = 'raw'\n[[asset_events]]\nname = 'raw'\n")
    for _ in range(2):
        store = load(path)
        seed.fill(store, dag_id="d", run_id="r")
        store.add_connection(Connection.from_uri("c", "http://:hunter2@h"))
        ask(store, "PutVariable", key="b", value="written", description=None)
        assert len(answer(store, "GetAssetEventByAsset", name="raw", uri=None)["asset_events"]) == 1
        save(path, store)
    store = load(path)
    assert (store.variables, store.connections) == ({"b": "written"}, {})
    assert answer(store, "GetAssetEventByAsset", name="raw", uri=None)["asset_events"] == []
    assert b"hunter2" not in path.read_bytes()


def test_seed_over_a_saved_variable(path: Path) -> None:
    """A seed takes precedence over a variable of an earlier run, and does not replace it in the file."""
    store = Store()
    ask(store, "PutVariable", key="a", value="written", description=None)
    save(path, store)
    store = load(path)
    store.set_variable("a", "seeded")
    assert answer(store, "GetVariable", key="a")["value"] == "seeded"
    save(path, store)
    assert load(path).variables == {"a": "written"}


def test_deleted(path: Path) -> None:
    """What a task deletes is also deleted from the file."""
    save(path, full_store())
    store = load(path)
    ask(store, "DeleteVariable", key="api_key")
    ask(store, "DeleteXCom", key="k", dag_id="d", run_id="r", task_id="t", map_index=2)
    ask(store, "ClearTaskStateStore", ti_id=TASK.ti_id)
    save(path, store)
    store = load(path)
    assert (store.variables, store.xcoms) == ({}, {})
    assert answer(store, "GetTaskStateStore", ti_id=TASK.ti_id, key="cursor")["error"] == "TASK_STORE_NOT_FOUND"


def test_permissions(path: Path) -> None:
    """Only its owner can read a new file, with any umask."""
    save(path, full_store())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_not_saved(path: Path) -> None:
    """Without a save, and after a save that fails, the file is unchanged."""
    save(path, full_store())
    before = make_rows(load(path))
    with Database(path) as database:
        database.load(Store())
    broken = full_store()
    broken.set_xcom(next(iter(broken.xcoms)), object())
    with Database(path) as database, pytest.raises(TypeError):
        database.save(broken)
    assert make_rows(load(path)) == before


def test_saved_twice(path: Path) -> None:
    """A store can be saved several times. The last save counts."""
    with Database(path) as database:
        database.save(full_store())
        database.save(Store())
    assert make_rows(load(path)) == []


def test_in_use(path: Path) -> None:
    """A file that another process uses is an error at once."""
    program = (
        "import sys; from pathlib import Path; from dagfloe.local.store.database import Database\n"
        "with Database(Path(sys.argv[1])):\n    print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "open\n"
            with (
                pytest.raises(DagfloeError, match=r"state.db is in use: wait for the other run to end"),
                Database(path),
            ):
                pass
        finally:
            other.communicate(timeout=30)
    assert make_rows(load(path)) == []


def test_other_files(path: Path, tmp_path: Path) -> None:
    """A file of another program, or of a newer dagfloe, is refused and not changed."""
    path.write_text("Shopping: milk, " * 100)
    check_refused(path, "state.db is not a database: name another file")
    other = tmp_path / "other.db"
    run_sql(other, "CREATE TABLE t (a)")
    check_refused(other, "other.db is the database of another program: name another file")
    newer = tmp_path / "newer.db"
    save(newer, Store())
    run_sql(newer, "PRAGMA user_version = 2")
    check_refused(newer, "newer.db was written by a newer dagfloe, in format 2; .*update dagfloe, or name another file")
    check_refused(tmp_path / "none" / "state.db", "state.db cannot be created: No such file or directory")
    check_refused(tmp_path, "cannot be used: unable to open database file")


@pytest.mark.parametrize(
    ("noun", "key", "value"),
    [
        ("xcom", "[1", "2"),
        ("xcom", "[1]", "2"),
        ("nothing", "[]", "2"),
        ("variable", '["hunter2"]', "[]"),
        ("dag_run", "[]", '{"dag_id": "hunter2"}'),
        ("dag_run", "[]", '{"dag_id": "d", "run_id": "r", "run_after": "hunter2"}'),
        ("asset_alias", '["al"]', '[["hunter2", "x"]]'),
        ("asset_event", "[1]", '{"asset": ["hunter2", "x"], "timestamp": "2026-01-01T00:00:00Z"}'),
        ("xcom", "[]", "[" * 100_000),
    ],
)
def test_damaged_rows(path: Path, noun: str, key: str, value: str) -> None:
    """The error for a damaged row has its number, and does not show its content."""
    save(path, Store())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO kept (noun, key, value) VALUES (?, ?, ?)", (noun, key, value))
    with pytest.raises(DagfloeError, match=r"row 1 of its table `kept` is damaged.*Delete that row") as error:
        load(path)
    assert "hunter2" not in str(error.value)


def test_fields_of_other_versions() -> None:
    """A field that this version does not know, such as `map_label` of earlier ones, is ignored."""
    value = {"dag_id": "d", "task_id": "t", "run_id": "r", "ti_id": TASK.ti_id, "state": "success", "map_label": None}
    store = Store()
    restore_row(store, Row("task_instance", '["d", "r", "t", -1]', json.dumps(value)))
    assert answer(store, "GetTICount", dag_id="d", task_ids=["t"], states=["success"])["count"] == 1


@given(st.dictionaries(text, json_values, max_size=4), aware, text)
def test_any_values(values: dict[str, Any], when: datetime, note: str) -> None:
    """Any value is restored as it was written."""
    store = Store()
    store.save_run(DagRunRecord(dag_id="d", run_id="r", run_after=when, conf=values, note=note))
    for key, value in values.items():
        ask(store, "SetXCom", key=key, dag_id="d", run_id="r", task_id="t", value=value)
        ask(store, "PutVariable", key=key, value=note, description=None)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        save(path, store)
        restored = load(path)
    assert make_rows(restored) == make_rows(store)
    assert (restored.xcoms, restored.variables) == (store.xcoms, store.variables)
    assert restored.runs["d", "r"].run_after == when


@given(
    st.builds(
        Row,
        st.sampled_from(["xcom", "asset", "dag_run", "variable", "task_state", "x"]) | st.text(),
        st.text(),
        st.text(),
    )
)
def test_any_row(row: Row) -> None:
    """Any row is either restored or a ValueError."""
    with suppress(ValueError):
        restore_row(Store(), row)


def check_refused(path: Path, message: str) -> None:
    """Check that a file is refused, and stays as it was."""
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(DagfloeError, match=message), Database(path):
        pass
    assert (path.read_bytes() if path.is_file() else None) == before


def run_sql(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)


def test_not_open(path: Path) -> None:
    """A database cannot be used before it is entered."""
    with pytest.raises(DagfloeError, match="is not open"):
        Database(path).load(Store())


def test_task_instances_of_other_runs_stay(path: Path) -> None:
    """A later run adds to the saved task instances."""
    save(path, full_store())
    store = load(path)
    later = TaskInstanceRecord(dag_id="d", task_id="t", run_id="later", ti_id=OTHER_TI, state="failed")
    store.save_task_instance(later)
    save(path, store)
    assert answer(load(path), "GetTICount", dag_id="d", task_ids=["t"], states=["success", "failed"])["count"] == 2
