"""Small values that outlive a try: `client.task_state_store` and `client.asset_state_store[asset]`."""

from __future__ import annotations

import os

from dagfloe.call_errors import AssetStateNotFound, TaskStateNotFound
from dagfloe.client._exchange import UNSET, Unset
from dagfloe.errors import DagfloeError
from dagfloe.model.assets import Asset, AssetRef
from dagfloe.values.jsonable import check_jsonable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Any

    from dagfloe.client._exchange import Exchange
    from dagfloe.messages.v2026_06_16 import (
        ClearTaskStateStore,
        DeleteTaskStateStore,
        GetTaskStateStore,
        SetTaskStateStore,
    )
    from dagfloe.values.dates import Clock

#: The variable for Airflow's setting `[state_store] default_retention_days`: how long to keep values by default.
RETENTION_VARIABLE = "AIRFLOW__STATE_STORE__DEFAULT_RETENTION_DAYS"
DEFAULT_RETENTION_DAYS = 30


class NeverExpire:
    """The retention of values that never expire."""

    def __repr__(self) -> str:
        return "NEVER_EXPIRE"


NEVER_EXPIRE = NeverExpire()


class TaskStateStore:
    """Values of this task in this Dag run and map index. Its later tries can read them, also after a deferral."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def get(self, key: str, default: Any = UNSET) -> Any:
        """Read a value.

        Args:
            key: its key.
            default: the return value if there is no such value.

        Raises:
            TaskStateNotFound: if there is no such value and no default.
        """
        body: GetTaskStateStore = {"type": "GetTaskStateStore", "ti_id": self._exchange.ti.id, "key": key}
        try:
            return self._exchange.ask_for(body, "TaskStateStoreResult", "value")
        except TaskStateNotFound:
            if isinstance(default, Unset):
                raise
            return default

    def set(self, key: str, value: Any, *, retention: timedelta | NeverExpire | None = None) -> None:
        """Write a value.

        Args:
            key: its key.
            value: any value that has a JSON form, but not None.
            retention: how long to keep it; by default, as Airflow's setting in this process's environment says, or
                30 days.

        Raises:
            ValueNotSerializableError: if the value has no JSON form.
            DagfloeError: if the value is None.
        """
        _check(key, value)
        body: SetTaskStateStore = {
            "type": "SetTaskStateStore",
            "ti_id": self._exchange.ti.id,
            "key": key,
            "value": value,
            "expires_at": _expires_at(retention, self._exchange.now),
        }
        self._exchange.send(body)

    def delete(self, key: str) -> None:
        """Delete a value. Without such a value, do nothing."""
        body: DeleteTaskStateStore = {"type": "DeleteTaskStateStore", "ti_id": self._exchange.ti.id, "key": key}
        self._exchange.send(body)

    def clear(self) -> None:
        """Delete all values of this task."""
        body: ClearTaskStateStore = {"type": "ClearTaskStateStore", "ti_id": self._exchange.ti.id}
        self._exchange.send(body)


class AssetStateStores:
    """The stores of all assets: `client.asset_state_store[asset]`."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def __getitem__(self, asset: Asset | AssetRef) -> AssetStateStore:
        if not isinstance(asset, (Asset, AssetRef)):
            raise DagfloeError(
                f"client.asset_state_store[...] takes an Asset or Asset.ref(...), not {type(asset).__name__}"
            )
        return AssetStateStore(self._exchange, asset)


class AssetStateStore:
    """Values that belong to an asset, for all tasks and Dags that use it."""

    def __init__(self, exchange: Exchange, asset: Asset | AssetRef) -> None:
        self._exchange = exchange
        self._suffix = "ByName" if asset.name else "ByUri"
        self._asset = {"name": asset.name} if asset.name else {"uri": asset.uri}

    def get(self, key: str, default: Any = UNSET) -> Any:
        """Read a value.

        Args:
            key: its key.
            default: the return value if there is no such value.

        Raises:
            AssetStateNotFound: if there is no such value and no default.
        """
        try:
            return self._exchange.ask_for(self._body("Get", key=key), "AssetStateStoreResult", "value")
        except AssetStateNotFound:
            if isinstance(default, Unset):
                raise
            return default

    def set(self, key: str, value: Any) -> None:
        """Write a value.

        Args:
            key: its key.
            value: any value that has a JSON form, but not None.

        Raises:
            ValueNotSerializableError: if the value has no JSON form.
            DagfloeError: if the value is None.
        """
        _check(key, value)
        self._exchange.send(self._body("Set", key=key, value=value))

    def delete(self, key: str) -> None:
        """Delete a value. Without such a value, do nothing."""
        self._exchange.send(self._body("Delete", key=key))

    def clear(self) -> None:
        """Delete all values of the asset."""
        self._exchange.send(self._body("Clear"))

    def _body(self, verb: str, **fields: Any) -> dict[str, Any]:
        return {"type": f"{verb}AssetStateStore{self._suffix}", **self._asset, **fields}


def _check(key: str, value: object) -> None:
    if value is None:
        raise DagfloeError(f"the state {key!r} cannot be None: delete it instead")
    check_jsonable(value)


def _expires_at(retention: timedelta | NeverExpire | None, clock: Clock) -> Any:
    if isinstance(retention, NeverExpire):
        return None
    from datetime import timedelta  # noqa: PLC0415 - few tasks keep state

    if retention is None:
        setting = os.environ.get(RETENTION_VARIABLE, "")
        days = int(setting) if setting.isdecimal() else DEFAULT_RETENTION_DAYS
        if days == 0:
            return None
        retention = timedelta(days=days)
    return clock() + retention
