"""The store's small states that tasks and assets keep from one try or run to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagfloe.local.store.assets import check_named
from dagfloe.local.store.replies import Reply, check_own, done, invalid, key_of, lookup_error
from dagfloe.local.store.xcoms import is_finite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.local.store.asset_records import AssetKey
    from dagfloe.local.store.assets import AssetStore
    from dagfloe.local.store.replies import Serve
    from dagfloe.local.task_run import TaskRun

TaskScope = tuple[str, str, str, int]


class StateStore:
    """State stores.

    Expired entries stay, as in Airflow, where a person has to clean up.

    Args:
        assets: knows the assets.

    Attributes:
        task_states: values by key, for each task instance: dag_id, run_id, task_id, map_index.
        asset_states: values by key, for each asset.
    """

    def __init__(self, assets: AssetStore) -> None:
        self.task_states: dict[TaskScope, dict[str, Any]] = {}
        self.asset_states: dict[AssetKey, dict[str, Any]] = {}
        self._assets = assets

    def served(self) -> dict[str, Serve]:
        """What it answers, by the request's type."""
        by_asset = {
            "ClearAssetStateStore": self._clear_of_asset,
            "DeleteAssetStateStore": self._delete_of_asset,
            "GetAssetStateStore": self._get_of_asset,
            "SetAssetStateStore": self._set_of_asset,
        }
        return {
            "ClearTaskStateStore": self._clear_of_task,
            "DeleteTaskStateStore": self._delete_of_task,
            "GetTaskStateStore": self._get_of_task,
            "SetTaskStateStore": self._set_of_task,
            **{f"{name}{how}": serve for name, serve in by_asset.items() for how in ("ByName", "ByUri")},
        }

    def _get_of_task(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        check_own(body, task)
        states, key = self.task_states.get(_scope(task), {}), key_of(body)
        if key not in states:
            return lookup_error("TASK_STORE_NOT_FOUND", {"key": key})
        return Reply({"type": "TaskStateStoreResult", "value": states[key]})

    def _set_of_task(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        check_own(body, task)
        key, value = key_of(body), _checked(body)
        self.task_states.setdefault(_scope(task), {})[key] = value
        return done()

    def _delete_of_task(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        check_own(body, task)
        self.task_states.get(_scope(task), {}).pop(key_of(body), None)
        return done()

    def _clear_of_task(self, body: Mapping[str, Any], task: TaskRun) -> Reply:
        check_own(body, task)
        self.task_states.pop(_scope(task), None)
        return done()

    def _get_of_asset(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        asset, key = self._assets.find(body.get("name"), body.get("uri")), key_of(body, "query")
        states = {} if asset is None else self.asset_states.get(asset.key, {})
        if key not in states:
            return lookup_error("ASSET_STORE_NOT_FOUND", {"key": key})
        return Reply({"type": "AssetStateStoreResult", "value": states[key]})

    def _set_of_asset(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        check_named(body)
        key, value = key_of(body, "query"), _checked(body)
        self.asset_states.setdefault(self._assets.known(body).key, {})[key] = value
        return done()

    def _delete_of_asset(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        check_named(body)
        key = key_of(body, "query")
        self.asset_states.get(self._assets.known(body).key, {}).pop(key, None)
        return done()

    def _clear_of_asset(self, body: Mapping[str, Any], _task: TaskRun) -> Reply:
        self.asset_states.pop(self._assets.known(body).key, None)
        return done()


def _scope(task: TaskRun) -> TaskScope:
    return task.dag_id, task.run_id, task.task_id, task.map_index


def _checked(body: Mapping[str, Any]) -> Any:
    if body["value"] is None:
        raise invalid("body", "value", "the value cannot be null")
    if not is_finite(body["value"]):
        raise invalid("body", "value", "the value has no JSON form")
    return body["value"]
