"""The store's task states and asset states, which outlive a try or a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.local.store.asset_records import AssetKey
from dagfloe.local.store.assets import check_asset_reference
from dagfloe.local.store.replies import Reply, check_ti_id, get_key, not_found_reply, ok_reply, validation_error
from dagfloe.local.store.saved_items import SavedItem
from dagfloe.local.store.xcoms import is_finite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dagfloe.local.store.assets import AssetStore
    from dagfloe.local.store.replies import Handler
    from dagfloe.local.store.saved_items import Restore
    from dagfloe.local.task_run import TaskRun

TaskKey = tuple[str, str, str, int]


class StateStore:
    """Task states and asset states.

    Expired entries stay, as in Airflow, where a person has to remove them.

    Args:
        assets: knows the assets.
    """

    def __init__(self, assets: AssetStore) -> None:
        self._task_states: dict[TaskKey, dict[str, Any]] = {}
        self._asset_states: dict[AssetKey, dict[str, Any]] = {}
        self._assets = assets

    def handlers(self) -> dict[str, Handler]:
        """Return the handlers by the type of the request."""
        asset_handlers = {
            "ClearAssetStateStore": self._clear_asset_state,
            "DeleteAssetStateStore": self._delete_asset_state,
            "GetAssetStateStore": self._get_asset_state,
            "SetAssetStateStore": self._set_asset_state,
        }
        return {
            "ClearTaskStateStore": self._clear_task_state,
            "DeleteTaskStateStore": self._delete_task_state,
            "GetTaskStateStore": self._get_task_state,
            "SetTaskStateStore": self._set_task_state,
            **{f"{name}By{key}": handler for name, handler in asset_handlers.items() for key in ("Name", "Uri")},
        }

    def saved_items(self) -> Iterator[SavedItem]:
        """Return the task states and the asset states."""
        for task_key, states in self._task_states.items():
            for name, value in states.items():
                yield SavedItem("task_state", (*task_key, name), value)
        for asset_key, states in self._asset_states.items():
            for name, value in states.items():
                yield SavedItem("asset_state", (*asset_key, name), value)

    def restorers(self) -> dict[str, Restore]:
        """Return the functions that restore saved items, by noun."""
        return {"asset_state": self._restore_asset_state, "task_state": self._restore_task_state}

    def _restore_task_state(self, key: list[Any], value: Any) -> None:
        dag_id, run_id, task_id, map_index, name = key
        self._task_states.setdefault((dag_id, run_id, task_id, map_index), {})[name] = value

    def _restore_asset_state(self, key: list[Any], value: Any) -> None:
        asset_name, uri, name = key
        self._asset_states.setdefault(AssetKey(asset_name, uri), {})[name] = value

    def _get_task_state(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        check_ti_id(body, task)
        states, key = self._task_states.get(_task_key(task), {}), get_key(body)
        if key not in states:
            return not_found_reply("TASK_STORE_NOT_FOUND", {"key": key})
        return Reply({"type": "TaskStateStoreResult", "value": states[key]})

    def _set_task_state(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        check_ti_id(body, task)
        key, value = get_key(body), _get_value(body)
        self._task_states.setdefault(_task_key(task), {})[key] = value
        return ok_reply()

    def _delete_task_state(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        check_ti_id(body, task)
        self._task_states.get(_task_key(task), {}).pop(get_key(body), None)
        return ok_reply()

    def _clear_task_state(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        check_ti_id(body, task)
        self._task_states.pop(_task_key(task), None)
        return ok_reply()

    def _get_asset_state(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        asset, key = self._assets.find(body.get("name"), body.get("uri")), get_key(body, "query")
        states = {} if asset is None else self._asset_states.get(asset.key, {})
        if key not in states:
            return not_found_reply("ASSET_STORE_NOT_FOUND", {"key": key})
        return Reply({"type": "AssetStateStoreResult", "value": states[key]})

    def _set_asset_state(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        check_asset_reference(body)
        key, value = get_key(body, "query"), _get_value(body)
        self._asset_states.setdefault(self._assets.get(body).key, {})[key] = value
        return ok_reply()

    def _delete_asset_state(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        check_asset_reference(body)
        key = get_key(body, "query")
        self._asset_states.get(self._assets.get(body).key, {}).pop(key, None)
        return ok_reply()

    def _clear_asset_state(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        self._asset_states.pop(self._assets.get(body).key, None)
        return ok_reply()


def _task_key(task: TaskRun) -> TaskKey:
    return task.dag_id, task.run_id, task.task_id, task.map_index


def _get_value(body: Mapping[str, Any]) -> Any:
    if body["value"] is None:
        raise validation_error("body", "value", "the value cannot be null")
    if not is_finite(body["value"]):
        raise validation_error("body", "value", "the value has no JSON form")
    return body["value"]
