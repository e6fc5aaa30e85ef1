"""Variables, connections and XComs as mappings that a test fills and reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, NamedTuple

from dagfloe.constants import RETURN_VALUE
from dagfloe.model.connection import Connection
from dagfloe.testing.errors import MisuseError
from dagfloe.values.jsonable import check_jsonable
from dagfloe.values.serde import decode, encode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagfloe.local.store.store import Store
    from dagfloe.local.task_run import TaskRun
    from dagfloe.testing.runner import FailingStore


class Variables(MutableMapping[str, Any]):
    """Airflow's variables by key. Values are strings; others become JSON, as with Airflow's `serialize_json`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __repr__(self) -> str:
        return f"Variables({', '.join(self._store.variables)})"

    def __getitem__(self, key: str) -> str | None:
        return self._store.variables[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._store.set_variable(key, value if isinstance(value, str) or value is None else _to_json(value))

    def __delitem__(self, key: str) -> None:
        if key not in self._store.variables:
            raise KeyError(key)
        self._store.delete_variable(key)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._store.variables))

    def __len__(self) -> int:
        return len(self._store.variables)


class Connections(MutableMapping[str, Any]):
    """Airflow's connections by conn_id: set a URI, JSON, a mapping of fields or a `Connection`; read a `Connection`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __repr__(self) -> str:
        return f"Connections({', '.join(self._store.connections)})"

    def __getitem__(self, conn_id: str) -> Connection:
        return self._store.connections[conn_id]

    def __setitem__(self, conn_id: str, value: str | Mapping[str, Any] | Connection) -> None:
        if isinstance(value, Mapping):
            value = _to_json(dict(value))
        connection = Connection.from_text(conn_id, value) if isinstance(value, str) else value
        if connection.conn_id != conn_id:
            raise MisuseError(f"the connection {connection.conn_id!r} cannot be set as {conn_id!r}: use the same id")
        self._store.add_connection(connection)

    def __delitem__(self, conn_id: str) -> None:
        if conn_id not in self._store.connections:
            raise KeyError(conn_id)
        self._store.delete_connection(conn_id)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._store.connections))

    def __len__(self) -> int:
        return len(self._store.connections)


class RunXComKey(NamedTuple):
    """Identifies an XCom in the environment's Dag run."""

    task_id: str
    key: str = RETURN_VALUE
    map_index: int = -1


class XComs(MutableMapping[Any, Any]):
    """XComs of the environment's Dag run: `xcoms["extract"]` is the return value of that task.

    Others are `xcoms[task_id, key]` and `xcoms[task_id, key, map_index]`. Values that JSON does not have, such as
    datetimes, are encoded as Airflow's own tasks encode them. The mapping follows what tasks push and delete.
    """

    def __init__(self) -> None:
        self._encoded: dict[RunXComKey, Any] = {}

    def __repr__(self) -> str:
        return f"XComs({', '.join(map(repr, self._encoded))})"

    def __getitem__(self, key: str | tuple[Any, ...]) -> Any:
        return decode(self._encoded[_to_key(key)])

    def __setitem__(self, key: str | tuple[Any, ...], value: Any) -> None:
        self._encoded[_to_key(key)] = encode(value)

    def __delitem__(self, key: str | tuple[Any, ...]) -> None:
        del self._encoded[_to_key(key)]

    def __iter__(self) -> Iterator[RunXComKey]:
        return iter(list(self._encoded))

    def __len__(self) -> int:
        return len(self._encoded)

    def apply(self, request: Mapping[str, Any]) -> None:
        """Apply a task's request that pushes or deletes an XCom; ignore others."""
        if request["type"] not in ("SetXCom", "DeleteXCom"):
            return
        map_index = request.get("map_index")
        key = RunXComKey(request["task_id"], request["key"], -1 if map_index is None else map_index)
        self._encoded.pop(key, None)
        if request["type"] == "SetXCom":
            self._encoded[key] = request["value"]

    def fill(self, store: FailingStore, run: TaskRun) -> None:
        """Give a store exactly these XComs in the Dag run of a task instance."""
        present = {
            RunXComKey(key.task_id, key.key, key.map_index): value
            for key, value in store.find_xcoms(run.dag_id, run.run_id).items()
        }
        for key in present.keys() - self._encoded.keys():
            store.answer_test({"type": "DeleteXCom", **_request_fields(key, run)}, run)
        for key, value in self._encoded.items():
            if key not in present or present[key] != value:
                store.answer_test({"type": "SetXCom", **_request_fields(key, run), "value": value}, run)


def _to_json(value: Any) -> str:
    check_jsonable(value)
    return json.dumps(value)


def _to_key(key: Any) -> RunXComKey:
    if isinstance(key, str):
        return RunXComKey(key)
    if not isinstance(key, tuple) or len(key) not in (2, 3):
        raise MisuseError(
            f"{key!r} is not the key of an XCom: use task_id, (task_id, key) or (task_id, key, map_index)"
        )
    return RunXComKey(*key)


def _request_fields(key: RunXComKey, run: TaskRun) -> dict[str, Any]:
    return {"dag_id": run.dag_id, "run_id": run.run_id, **key._asdict()}
