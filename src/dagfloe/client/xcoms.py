"""XComs: `client.xcom`."""

from __future__ import annotations

from dagfloe.call_errors import XComNotFound
from dagfloe.client._exchange import UNSET, Unset
from dagfloe.constants import RETURN_VALUE
from dagfloe.values.jsonable import is_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dagfloe.client._exchange import Exchange
    from dagfloe.client._xcom_sequence import LazyXComs
    from dagfloe.messages.v2026_10_30 import GetXCom
    from dagfloe.values.jsonable import ForeignValue


class XComs:
    """Reads, writes and deletes XComs.

    Values may have types that JSON lacks, such as datetimes, tuples and sets. They are sent as Airflow's own tasks send
    them, and reading restores them.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def get(
        self,
        task_id: str,
        key: str = RETURN_VALUE,
        default: Any = UNSET,
        *,
        dag_id: str | None = None,
        run_id: str | None = None,
        map_index: int | None = None,
        include_prior_dates: bool = False,
        previous_iteration: bool = False,
    ) -> Any:
        """Read an XCom.

        Args:
            task_id: the task that pushed it.
            key: its key; by default the task's return value.
            default: the return value if there is no such XCom. For Airflow, a missing XCom and null are the same.
            dag_id: the Dag; this one by default.
            run_id: the Dag run; this one by default.
            map_index: the map index, for a mapped task.
            include_prior_dates: whether to include earlier Dag runs.
            previous_iteration: whether to read it from the previous iteration of a loop; needs `airflow = "3.4"`.

        Raises:
            XComNotFound: if Airflow reports that there is no such XCom, and no default is set.
            ForeignClassError: if it has an instance of a class that the bundle cannot create, such as a dataclass of an
                ordinary task of Airflow. A parameter that is annotated with a class with its fields receives it.
        """
        body: GetXCom = {
            "type": "GetXCom",
            "key": key,
            "dag_id": dag_id or self._exchange.ti.dag_id,
            "run_id": run_id or self._exchange.ti.run_id,
            "task_id": task_id,
            "map_index": map_index,
            "include_prior_dates": include_prior_dates,
        }
        if previous_iteration:
            body["previous_iteration"] = True
        try:
            value = self._exchange.ask(body, "XComResult").get("value")
        except XComNotFound:
            if isinstance(default, Unset):
                raise
            return default
        value = self._exchange.decode_xcom(value, body)
        return default if value is None and not isinstance(default, Unset) else value

    def get_all(
        self,
        task_id: str,
        key: str = RETURN_VALUE,
        *,
        dag_id: str | None = None,
        run_id: str | None = None,
        include_prior_dates: bool = False,
    ) -> list[Any]:
        """The XComs of all map indexes of a task, in their order. For a task that is not mapped, its only XCom.

        Args:
            task_id: the task that pushed them.
            key: their key; by default the task's return values.
            dag_id: the Dag; this one by default.
            run_id: the Dag run; this one by default.
            include_prior_dates: whether to include earlier Dag runs.
        """
        body = {
            "type": "GetXComSequenceSlice",
            **self._place(task_id, key, dag_id, run_id),
            "start": None,
            "stop": None,
            "step": None,
            "include_prior_dates": include_prior_dates,
        }
        values = self._exchange.ask_for(body, "XComSequenceSliceResult", "root")
        decoded: list[Any] = self._exchange.decode_xcom(values, body)
        return decoded

    def sequence(
        self, task_id: str, key: str = RETURN_VALUE, *, dag_id: str | None = None, run_id: str | None = None
    ) -> LazyXComs:
        """The XComs of all map indexes of a task as a sequence that reads values on access.

        Args:
            task_id: the mapped task that pushed them.
            key: their key; by default the task's return values.
            dag_id: the Dag; this one by default.
            run_id: the Dag run; this one by default.
        """
        from dagfloe.client._xcom_sequence import LazyXComs  # noqa: PLC0415 - few tasks have mapped upstreams

        return LazyXComs(self._exchange, self._place(task_id, key, dag_id, run_id))

    def count(
        self, task_id: str, key: str = RETURN_VALUE, *, dag_id: str | None = None, run_id: str | None = None
    ) -> int:
        """The number of a task's XComs with a key: one per map index that pushed it.

        Args:
            task_id: the task that pushed them.
            key: their key.
            dag_id: the Dag; this one by default.
            run_id: the Dag run; this one by default.
        """
        body = {"type": "GetXComCount", **self._place(task_id, key, dag_id, run_id)}
        count: int = self._exchange.ask_for(body, "XComCountResponse", "len")
        return count

    def set(
        self,
        key: str,
        value: Any,
        *,
        task_id: str | None = None,
        dag_id: str | None = None,
        run_id: str | None = None,
        map_index: int | None = None,
        mapped_length: int | None = None,
        dag_result: bool = False,
    ) -> None:
        """Push an XCom, by default for this task instance.

        Args:
            key: its key; the task's return value has the key `return_value`.
            value: any value of JSON, or of [another class that has a rule](../how-to/values.md).
            task_id: the task; this one by default.
            dag_id: the Dag; this one by default.
            run_id: the Dag run; this one by default.
            map_index: the map index; this task instance's by default.
            mapped_length: the number of task instances of a task that is mapped over the value. If the bundle declares
                the mapping, the runtime sets it for the return value.
            dag_result: whether the value is the result of the Dag run.

        Raises:
            ValueNotSerializableError: if an element of the value has no form that Airflow reads back; the message gives
                its path and its type.
        """
        self.push(
            key,
            encode_xcom(value),
            task_id=task_id,
            dag_id=dag_id,
            run_id=run_id,
            map_index=map_index,
            mapped_length=mapped_length,
            dag_result=dag_result,
        )

    def push(
        self,
        key: str,
        encoded: Any,
        *,
        task_id: str | None = None,
        dag_id: str | None = None,
        run_id: str | None = None,
        map_index: int | None = None,
        mapped_length: int | None = None,
        dag_result: bool = False,
    ) -> None:
        """Push a value that `encode_xcom` has encoded. The arguments are those of `set`."""
        body = {"type": "SetXCom", "value": encoded, **self._own_place(key, task_id, dag_id, run_id, map_index)}
        if mapped_length is not None:
            body["mapped_length"] = mapped_length
        if dag_result:
            body["dag_result"] = True
        self._exchange.send(body)

    def delete(
        self,
        key: str,
        *,
        task_id: str | None = None,
        dag_id: str | None = None,
        run_id: str | None = None,
        map_index: int | None = None,
    ) -> None:
        """Delete an XCom, by default of this task instance. If there is no such XCom, do nothing.

        Args:
            key: its key.
            task_id: the task; this one by default.
            dag_id: the Dag; this one by default.
            run_id: the Dag run; this one by default.
            map_index: the map index; this task instance's by default.
        """
        body = {"type": "DeleteXCom", **self._own_place(key, task_id, dag_id, run_id, map_index)}
        self._exchange.send(body)

    def collect_foreign(self, foreign: list[ForeignValue] | None) -> None:
        """Collect values of classes that the bundle does not have, instead of raising an error for them.

        Args:
            foreign: the list for them; None for the error.
        """
        self._exchange.foreign = foreign

    def _place(self, task_id: str, key: str, dag_id: str | None, run_id: str | None) -> Any:
        ti = self._exchange.ti
        return {"key": key, "dag_id": dag_id or ti.dag_id, "run_id": run_id or ti.run_id, "task_id": task_id}

    def _own_place(
        self, key: str, task_id: str | None, dag_id: str | None, run_id: str | None, map_index: int | None
    ) -> Any:
        ti = self._exchange.ti
        if map_index is None:
            map_index = ti.map_index if task_id in (None, ti.task_id) else -1
        return {**self._place(task_id or ti.task_id, key, dag_id, run_id), "map_index": map_index}


def encode_xcom(value: Any) -> Any:
    """Encode an XCom so that Airflow's tasks and other bundles read an equal value. JSON does not change.

    Raises:
        ValueNotSerializableError: if an element has no form that Airflow reads back.
    """
    if is_plain(value):
        return value
    from dagfloe.values.serde import encode  # noqa: PLC0415 - most XComs are JSON

    return encode(value)
