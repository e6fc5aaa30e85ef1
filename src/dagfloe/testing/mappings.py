"""Variables, connections and XComs as maps that a test fills and reads."""

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
    """Airflow's variables by key. Values are texts; another one is written as JSON, as Airflow does when asked to."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __repr__(self) -> str:
        return f"Variables({', '.join(self._store.variables)})"

    def __getitem__(self, key: str) -> str | None:
        return self._store.variables[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._store.set_variable(key, value if isinstance(value, str) or value is None else _as_json(value))

    def __delitem__(self, key: str) -> None:
        if key not in self._store.variables:
            raise KeyError(key)
        self._store.delete_variable(key)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._store.variables))

    def __len__(self) -> int:
        return len(self._store.variables)


class Connections(MutableMapping[str, Any]):
    """Airflow's connections by conn_id: set a URI, JSON text, a map of fields or a `Connection`, read `Connection`s."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __repr__(self) -> str:
        return f"Connections({', '.join(self._store.connections)})"

    def __getitem__(self, conn_id: str) -> Connection:
        return self._store.connections[conn_id]

    def __setitem__(self, conn_id: str, value: str | Mapping[str, Any] | Connection) -> None:
        if isinstance(value, Mapping):
            value = _as_json(dict(value))
        connection = Connection.from_text(conn_id, value) if isinstance(value, str) else value
        if connection.conn_id != conn_id:
            raise MisuseError(f"the connection {connection.conn_id!r} cannot be set as {conn_id!r}: use one id")
        self._store.add_connection(connection)

    def __delitem__(self, conn_id: str) -> None:
        if conn_id not in self._store.connections:
            raise KeyError(conn_id)
        self._store.delete_connection(conn_id)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._store.connections))

    def __len__(self) -> int:
        return len(self._store.connections)


class Place(NamedTuple):
    """Where an XCom of the environment's Dag run is."""

    task_id: str
    key: str = RETURN_VALUE
    map_index: int = -1


class XComs(MutableMapping[Any, Any]):
    """XComs of the environment's Dag run: `xcoms["extract"]` is what that task returned.

    Other ones are at `xcoms[task_id, key]` and `xcoms[task_id, key, map_index]`. Values that JSON does not have, such
    as datetimes, are kept as Airflow's own tasks push them. What tasks push and delete is seen here, too.
    """

    def __init__(self) -> None:
        self._encoded: dict[Place, Any] = {}

    def __repr__(self) -> str:
        return f"XComs({', '.join(map(repr, self._encoded))})"

    def __getitem__(self, place: str | tuple[Any, ...]) -> Any:
        return decode(self._encoded[_place(place)])

    def __setitem__(self, place: str | tuple[Any, ...], value: Any) -> None:
        self._encoded[_place(place)] = encode(value)

    def __delitem__(self, place: str | tuple[Any, ...]) -> None:
        del self._encoded[_place(place)]

    def __iter__(self) -> Iterator[Place]:
        return iter(list(self._encoded))

    def __len__(self) -> int:
        return len(self._encoded)

    def notice(self, request: Mapping[str, Any]) -> None:
        """Follow a request of a task."""
        if request["type"] not in ("SetXCom", "DeleteXCom"):
            return
        map_index = request.get("map_index")
        place = Place(request["task_id"], request["key"], -1 if map_index is None else map_index)
        self._encoded.pop(place, None)
        if request["type"] == "SetXCom":
            self._encoded[place] = request["value"]

    def fill(self, store: FailingStore, run: TaskRun) -> None:
        """Let a store have these XComs, and no other ones, in the Dag run of a task instance."""
        present = {
            Place(each.task_id, each.key, each.map_index): value
            for each, value in store.find_xcoms(run.dag_id, run.run_id).items()
        }
        for place in present.keys() - self._encoded.keys():
            store.tell({"type": "DeleteXCom", **_named(place, run)}, run)
        for place, value in self._encoded.items():
            if place not in present or present[place] != value:
                store.tell({"type": "SetXCom", **_named(place, run), "value": value}, run)


def _as_json(value: Any) -> str:
    check_jsonable(value)
    return json.dumps(value)


def _place(place: Any) -> Place:
    if isinstance(place, str):
        return Place(place)
    if not isinstance(place, tuple) or len(place) not in (2, 3):
        raise MisuseError(f"an XCom is at a task_id, or at task_id, key and map_index, not at {place!r}")
    return Place(*place)


def _named(place: Place, run: TaskRun) -> dict[str, Any]:
    return {"dag_id": run.dag_id, "run_id": run.run_id, **place._asdict()}
