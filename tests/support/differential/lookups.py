"""Requests other than those for variables, connections and XComs, and requests that the API server refuses."""

from __future__ import annotations

from typing import Any

from support.differential.scenario import Scenario, asks

_UP = '"dag_id": "d", "run_id": "manual__1", "task_id": "up", "key": "k"'
_TI = '"ti_id": details["ti"]["id"]'
_MAPPED = {"mapped_xcoms": {"up/k": ["a", {"b": 1}, 2.5, False, "e"]}}
_SALES = {"name": "sales", "uri": "s3://bucket/sales", "group": "asset", "extra": {"team": "x"}}
_OTHER = {"name": "other", "uri": "s3://bucket/other", "group": "asset", "extra": {}}
_NAMED, _AT_URI = '"name": "sales"', '"uri": "s3://bucket/sales"'


def _event(number: int, day: int, asset: dict[str, Any], **more: Any) -> dict[str, Any]:
    source = {"source_dag_id": "d", "source_task_id": "up", "source_run_id": f"r{number}", "source_map_index": -1}
    fields = {"id": number, "timestamp": f"2001-02-0{day}T00:00:00Z", "asset": asset, "extra": {"n": number}}
    return {**fields, **source, "created_dagruns": [], "partition_key": None, **more}


def _run_dates(day: int) -> dict[str, str | None]:
    names = ("logical_date", "data_interval_start", "data_interval_end", "run_after", "start_date", "end_date")
    return {name: f"2001-01-0{day}T00:00:{second:02}Z" for second, name in enumerate(names)}


_ASSETS = {
    "assets": [_SALES, _OTHER],
    "asset_aliases": {"daily": ["sales"]},
    "asset_events": [_event(1, 2, _SALES), _event(2, 4, _SALES), _event(3, 3, _OTHER), _event(4, 6, _SALES)],
}
_RUNS = {
    "dag_runs": {
        "other/then": {"state": "failed", "conf": {"a": 1}, **_run_dates(5)},
        "other/now": {"state": "success", "conf": {}, **_run_dates(6), "end_date": None, "run_type": "scheduled"},
    }
}

_COUNTS = ("", '"states": ["failed"]', '"run_ids": ["then", "now"], "states": []', '"run_ids": ["never"]')
_BEFORE = ('"logical_date": at()', '"logical_date": at(), "state": "failed"', '"logical_date": at().replace(year=2000)')


def _slices(*bounds: tuple[int | None, int | None, int | None]) -> list[str]:
    return [
        f'{{"type": "GetXComSequenceSlice", {_UP}, "start": {start}, "stop": {stop}, "step": {step}}}'
        for start, stop, step in bounds
    ]


def _task_states(*kinds: str) -> list[str]:
    return [f'{{"type": "{kind}", {_TI}}}' for kind in kinds]


def _item(offset: int) -> str:
    return f'{{"type": "GetXComSequenceItem", {_UP}, "offset": {offset}}}'


def _times(day: int, start: int, end: int) -> dict[str, str]:
    return {
        "logical_date": f"2000-12-0{day}T00:00:00Z",
        "start_date": f"2001-01-0{day}T00:00:0{start}Z",
        "end_date": f"2001-01-0{day}T00:00:0{end}.5Z",
    }


def _events(more: str, of: str = '"name": "sales", "uri": "s3://bucket/sales"') -> str:
    return f'{{"type": "GetAssetEventByAsset", {of}, {more}}}'


def _asset_state(verb: str, more: str = '"key": "k"', of: str = "ByName") -> str:
    asset = _NAMED if of == "ByName" else _AT_URI
    return f'{{"type": "{verb}AssetStateStore{of}", {asset}, {more}}}'


def _task_state(verb: str, more: str = '"key": "k"') -> str:
    return f'{{"type": "{verb}TaskStateStore", {_TI}, {more}}}'


SEQUENCES: tuple[Scenario, ...] = (
    asks("the items of a sequence are counted", f'{{"type": "GetXComCount", {_UP}}}', data=_MAPPED),
    asks("the items of a missing sequence are counted", f'{{"type": "GetXComCount", {_UP}}}'),
    asks("items of a sequence are read", *map(_item, (0, 1, 3, 4, -1, -5)), data=_MAPPED),
    asks("items beyond a sequence are read", *map(_item, (5, -6)), data=_MAPPED),
    asks(
        "slices of a sequence are read",
        *_slices((None, None, None), (1, 3, None), (-2, None, None), (None, -1, None), (None, None, 2), (4, 1, -1)),
        *_slices((None, None, -1), (1, -1, 2), (-4, -1, None), (7, 9, None), (3, 1, None), (None, 2, -1)),
        data=_MAPPED,
    ),
    asks("slices of a missing sequence are read", *_slices((None, None, None), (0, 2, 1))),
)
STORES: tuple[Scenario, ...] = (
    asks(
        "a task reads and writes its state",
        _task_state("Get"),
        *(_task_state("Set", f'"key": "k", "value": {value}, "expires_at": None') for value in ("0", '{"a": [1]}')),
        _task_state("Get"),
        _task_state("Set", '"key": "a/b c", "value": "x", "expires_at": at()'),
        _task_state("Get", '"key": "a/b c"'),
        _task_state("Delete"),
        _task_state("Delete"),
        _task_state("Get"),
        *_task_states("ClearTaskStateStore"),
        _task_state("Get", '"key": "a/b c"'),
    ),
    asks("a state is None", _task_state("Set", '"key": "k", "value": None, "expires_at": None')),
    asks(
        "a task reads and writes the state of an asset",
        _asset_state("Get"),
        _asset_state("Set", '"key": "k", "value": [1, None]'),
        _asset_state("Get"),
        _asset_state("Get", of="ByUri"),
        _asset_state("Set", '"key": "k", "value": ""', "ByUri"),
        _asset_state("Get"),
        _asset_state("Delete"),
        _asset_state("Get", of="ByUri"),
        '{"type": "ClearAssetStateStoreByName", "name": "sales"}',
        '{"type": "ClearAssetStateStoreByUri", "uri": "s3://bucket/sales"}',
        data=_ASSETS,
    ),
    asks(
        "assets are looked up",
        *('{"type": "GetAssetByName", "name": "sales"}', '{"type": "GetAssetByUri", "uri": "s3://bucket/other"}'),
        *('{"type": "GetAssetByName", "name": "never"}', '{"type": "GetAssetByUri", "uri": "x://never"}'),
        *('{"type": "GetAssetsByAlias", "alias_name": "daily"}', '{"type": "GetAssetsByAlias", "alias_name": "no"}'),
        data=_ASSETS,
    ),
    asks(
        "events of assets are read",
        *map(_events, ('"limit": None', '"limit": 2', '"ascending": False', '"ascending": False, "limit": 1')),
        _events('"after": at(), "before": None'),
        _events('"after": None, "before": at()'),
        _events('"limit": 1', '"name": "sales", "uri": None'),
        _events('"limit": 1', '"name": None, "uri": "s3://bucket/other"'),
        _events('"limit": 1', '"name": "never", "uri": None'),
        data=_ASSETS,
    ),
    asks("inlets and outlets are validated", *_task_states("ValidateInletsAndOutlets")),
)
_INSTANCES = {
    "task_instances": [
        {"task_id": "up", "run_id": "manual__1", "state": "success", **_times(2, 1, 5)},
        {"task_id": "t", "run_id": "manual__1", "state": "running"},
        {"task_id": "mapped", "run_id": "manual__1", "map_index": 0, "state": "failed", **_times(2, 0, 2)},
        {"task_id": "mapped", "run_id": "manual__1", "map_index": 1, "state": None},
        {"task_id": "up", "run_id": "old", "state": "failed", "try_number": 2, **_times(1, 1, 2)},
    ]
}


def _instances(kind: str, more: str = "") -> str:
    return f'{{"type": "{kind}", "dag_id": "d", {more}}}'


RUNS: tuple[Scenario, ...] = (
    asks(
        "Dag runs are looked up",
        '{"type": "GetDagRun", "dag_id": "other", "run_id": "then"}',
        '{"type": "GetDagRun", "dag_id": "other", "run_id": "now"}',
        '{"type": "GetDagRunState", "dag_id": "other", "run_id": "now"}',
        data=_RUNS,
    ),
    asks(
        "Dag runs are counted, and the previous run is read",
        *(f'{{"type": "GetDRCount", "dag_id": "other", {more}}}' for more in _COUNTS),
        *(f'{{"type": "GetPreviousDagRun", "dag_id": "other", {more}}}' for more in _BEFORE),
        data=_RUNS,
    ),
    asks(
        "a Dag run is missing",
        '{"type": "GetDagRun", "dag_id": "other", "run_id": "never"}',
        '{"type": "GetDagRunState", "dag_id": "other", "run_id": "never"}',
    ),
    asks(
        "no previous run exists",
        *_task_states("GetPrevSuccessfulDagRun", "GetTaskRescheduleStartDate"),
        '{"type": "GetPreviousDagRun", "dag_id": "d", "logical_date": at().replace(year=2000)}',
        '{"type": "GetPreviousTI", "dag_id": "d", "task_id": "up"}',
    ),
    asks(
        "a Dag run is triggered twice",
        '{"type": "TriggerDagRun", "dag_id": "other", "run_id": "new", "conf": {"a": 1}, "note": "x"}',
        '{"type": "GetDagRunState", "dag_id": "other", "run_id": "new"}',
        '{"type": "TriggerDagRun", "dag_id": "other", "run_id": "new"}',
        '{"type": "TriggerDagRun", "dag_id": "other", "run_id": "new", "reset_dag_run": True}',
        '{"type": "TriggerDagRun", "dag_id": "other", "run_id": "new", "partition_key": "p"}',
    ),
    asks(
        "task instances are counted",
        _instances("GetTICount"),
        _instances("GetTICount", '"task_ids": ["up", "mapped"], "states": ["success", "failed"]'),
        _instances("GetTICount", '"run_ids": ["manual__1"], "states": ["null", "running"]'),
        _instances("GetTICount", '"map_index": 1'),
        _instances("GetTICount", '"map_index": -1'),
        _instances("GetTICount", '"task_ids": []'),
        data=_INSTANCES,
    ),
    asks(
        "states of task instances are read",
        _instances("GetTaskStates"),
        _instances("GetTaskStates", '"task_ids": ["mapped"], "run_ids": ["manual__1"]'),
        _instances("GetTaskStates", '"map_index": 0'),
        _instances("GetTaskStates", '"run_ids": ["never"]'),
        data=_INSTANCES,
    ),
    asks(
        "task instances of a run and of the previous run are read",
        _instances("GetTaskBreadcrumbs", '"run_id": "manual__1"'),
        _instances("GetTaskBreadcrumbs", '"run_id": "never"'),
        _instances("GetPreviousTI", '"task_id": "up"'),
        _instances("GetPreviousTI", '"task_id": "up", "state": "failed"'),
        _instances("GetPreviousTI", '"task_id": "up", "logical_date": at()'),
        _instances("GetPreviousTI", '"task_id": "mapped", "map_index": 0'),
        _instances("GetPreviousTI", '"task_id": "mapped"'),
        data=_INSTANCES,
    ),
    asks("a Dag is missing", _instances("GetDag").replace('"d"', '"never"')),
    asks("tasks downstream are skipped", '{"type": "SkipDownstreamTasks", "tasks": ["a", ["b", 2]]}'),
    asks(
        "a task asks a person",
        f'{{"type": "CreateHITLDetailPayload", {_TI}, "options": ["yes", "no"], "subject": "s"}}',
        f'{{"type": "CreateHITLDetailPayload", {_TI}, "options": ["a"], "subject": "s", "body": "b", "defaults": ["a"],'
        ' "multiple": True, "params": {"n": 1}, "assigned_users": [{"id": "1", "name": "me"}]}',
        f'{{"type": "CreateHITLDetailPayload", {_TI}, "options": ["b"], "subject": "other", "params": {{}},'
        ' "assigned_users": []}',
    ),
    asks(
        "a task requests a person's answer",
        *_task_states("GetHITLDetailResponse"),
        f'{{"type": "UpdateHITLDetail", {_TI}, "chosen_options": ["yes"]}}',
    ),
)
REFUSED: tuple[Scenario, ...] = (
    asks(
        "a variable has an empty key",
        '{"type": "GetVariable", "key": ""}',
        '{"type": "PutVariable", "key": "", "value": "x", "description": None}',
        '{"type": "DeleteVariable", "key": ""}',
    ),
    asks("variable keys are requested with the limit 0", '{"type": "GetVariableKeys", "limit": 0}'),
    asks("variable keys are requested with too large a limit", '{"type": "GetVariableKeys", "limit": 10001}'),
    asks("variable keys are requested with a negative offset", '{"type": "GetVariableKeys", "offset": -1}'),
    asks(
        "an XCom is NaN",
        '{"type": "SetXCom", **xcom("k"), "value": float("nan")}',
        '{"type": "GetXCom", **xcom("k")}',
    ),
    asks("an XCom contains infinity", '{"type": "SetXCom", **xcom("k"), "value": {"a": [float("inf")]}}'),
    asks("an XCom has an empty key", '{"type": "SetXCom", **xcom(""), "value": 1}'),
    asks(
        "an XCom of an empty key is read and deleted",
        '{"type": "GetXCom", **xcom("")}',
        '{"type": "DeleteXCom", **xcom("")}',
    ),
)
LOOKUPS = (*SEQUENCES, *STORES, *RUNS, *REFUSED)
