"""Which bodies the real supervisor understands: supervisor schema 2026-06-16 as a table. Pure.

It is stricter than the real supervisor in one way: that one reads the text "5" as the number 5, and the like.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from dagfloe.local.times import parse_rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Each request's fields: `name:types`, with `?` after names that may be left out. A `!` after the request's own name
#: says that other fields are forbidden.
_TABLE = """
AwaitInputTask! next_kwargs?:map|null next_method:text rendered_map_index?:text|null state?:text timeout?:span|null
ClearAssetStateStoreByName name:text
ClearAssetStateStoreByUri uri:text
ClearTaskStateStore ti_id:text
CreateHITLDetailPayload assigned_users?:list|null body?:text|null defaults?:list|null multiple?:bool|null options:list \
    params?:map|null subject:text ti_id:text
DeferTask! classpath:text next_kwargs?:map|null next_method:text queue?:text|null rendered_map_index?:text|null \
    state?:text trigger_kwargs?:map|text|null trigger_timeout?:span|null
DeleteAssetStateStoreByName key:text name:text
DeleteAssetStateStoreByUri key:text uri:text
DeleteTaskStateStore key:text ti_id:text
DeleteVariable key:text
DeleteXCom dag_id:text key:text map_index?:int|null run_id:text task_id:text
GetAssetByName name:text
GetAssetByUri uri:text
GetAssetEventByAsset after?:when|null ascending?:bool before?:when|null limit?:int|null name:text|null uri:text|null
GetAssetEventByAssetAlias after?:when|null alias_name:text ascending?:bool before?:when|null limit?:int|null
GetAssetStateStoreByName key:text name:text
GetAssetStateStoreByUri key:text uri:text
GetAssetsByAlias alias_name:text
GetConnection conn_id:text
GetDRCount dag_id:text logical_dates?:list|null run_ids?:list|null states?:list|null
GetDag dag_id:text
GetDagRun dag_id:text run_id:text
GetDagRunState dag_id:text run_id:text
GetHITLDetailResponse ti_id:text
GetPrevSuccessfulDagRun ti_id:text
GetPreviousDagRun dag_id:text logical_date:when state?:text|null
GetPreviousTI dag_id:text logical_date?:when|null map_index?:int state?:text|null task_id:text
GetTICount dag_id:text logical_dates?:list|null map_index?:int|null run_ids?:list|null states?:list|null \
    task_group_id?:text|null task_ids?:list|null
GetTaskBreadcrumbs dag_id:text run_id:text
GetTaskRescheduleStartDate ti_id:text try_number?:int
GetTaskStateStore key:text ti_id:text
GetTaskStates dag_id:text logical_dates?:list|null map_index?:int|null run_ids?:list|null task_group_id?:text|null \
    task_ids?:list|null
GetVariable key:text
GetVariableKeys limit?:int offset?:int prefix?:text|null
GetXCom dag_id:text include_prior_dates?:bool key:text map_index?:int|null run_id:text task_id:text
GetXComCount dag_id:text key:text run_id:text task_id:text
GetXComSequenceItem dag_id:text key:text offset:int run_id:text task_id:text
GetXComSequenceSlice dag_id:text include_prior_dates?:bool key:text run_id:text start:int|null step:int|null \
    stop:int|null task_id:text
MaskSecret name?:text|null value:json
PutVariable description:text|null key:text value:text|null
RescheduleTask! end_date:when reschedule_date:when state?:text
ResendLoggingFD
RetryTask! end_date:when rendered_map_index?:text|null retry_delay_seconds?:number|null retry_reason?:text|null \
    state?:text
SetAssetStateStoreByName key:text name:text value:json
SetAssetStateStoreByUri key:text uri:text value:json
SetRenderedFields rendered_fields:map
SetRenderedMapIndex rendered_map_index:text
SetTaskStateStore expires_at:when|null key:text ti_id:text value:json
SetXCom dag_id:text dag_result?:bool key:text map_index?:int|null mapped_length?:int|null run_id:text task_id:text \
    value:json
SkipDownstreamTasks! tasks:list
SucceedTask! end_date:when outlet_events?:list|null rendered_map_index?:text|null state?:text task_outlets?:list|null
TaskState end_date?:when|null rendered_map_index?:text|null state:text
TriggerDagRun! conf?:map|null dag_id:text logical_date?:when|null note?:text|null partition_key?:text|null \
    reset_dag_run?:bool|null run_after?:when|null run_id:text
UpdateHITLDetail chosen_options:list params_input?:map|null ti_id:text
ValidateInletsAndOutlets ti_id:text
"""

#: The states that each terminal message may name; the first is what it means when it names none.
TERMINAL_STATES: dict[str, tuple[str, ...]] = {
    "AwaitInputTask": ("awaiting_input",),
    "DeferTask": ("deferred",),
    "RescheduleTask": ("up_for_reschedule",),
    "RetryTask": ("up_for_retry",),
    "SucceedTask": ("success",),
    "TaskState": ("failed", "skipped", "removed"),
}

_DURATION = re.compile(r"-?P(?=.)(\d+([.,]\d+)?[YMWD])*(T(\d+([.,]\d+)?[HMS])+)?")
_JSON_LEAVES = (str, int, float, type(None))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_when(value: object) -> bool:
    if isinstance(value, str):
        value = parse_rfc3339(value)
    return isinstance(value, datetime) and value.tzinfo is not None


def _is_span(value: object) -> bool:
    if isinstance(value, str):
        return bool(_DURATION.fullmatch(value))
    return _is_number(value) or isinstance(value, timedelta)


def _is_json(value: object) -> bool:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            if not all(isinstance(key, str) for key in item):
                return False
            pending += item.values()
        elif isinstance(item, list):
            pending += item
        elif not isinstance(item, _JSON_LEAVES):
            return False
    return True


_CHECKS: dict[str, Callable[[object], bool]] = {
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "json": _is_json,
    "list": lambda value: isinstance(value, list),
    "map": lambda value: isinstance(value, dict) and _is_json(value),
    "null": lambda value: value is None,
    "number": _is_number,
    "span": _is_span,
    "text": lambda value: isinstance(value, str),
    "when": _is_when,
}


class RequestType:
    """One line of the table.

    Attributes:
        name: the request's `type`.
        closed: whether other fields are forbidden.
        required: the fields that it must have.
        fields: all its fields, with the names of the types that each may have.
    """

    def __init__(self, line: str) -> None:
        name, *fields = line.split()
        self.name = name.rstrip("!")
        self.closed = name.endswith("!")
        pairs = [field.split(":") for field in fields]
        self.required = frozenset(name for name, _ in pairs if not name.endswith("?"))
        self.fields = {name.rstrip("?"): tuple(types.split("|")) for name, types in pairs}

    def refusal(self, body: Mapping[str, Any]) -> str | None:
        """Why a body of this type is not understood; values are not in it."""
        missing = sorted(self.required - body.keys())
        if missing:
            return f"{self.name} misses its field {missing[0]!r}"
        for name, value in body.items():
            types = self.fields.get(name)
            if types is None:
                if self.closed and name != "type":
                    return f"{self.name} has no field {name!r}, and may have no others"
            elif not any(_CHECKS[kind](value) for kind in types):
                return f"{self.name}.{name} is {type(value).__name__}, expected {' or '.join(types)}"
        states = TERMINAL_STATES.get(self.name, ())
        if states and body.get("state", states[0]) not in states:
            return f"{self.name}.state is not {' or '.join(states)}"
        return None


REQUEST_TYPES = {kind.name: kind for kind in map(RequestType, _TABLE.strip().split("\n"))}


def refusal(body: Mapping[str, Any] | None) -> str | None:
    """Why the supervisor does not understand, and so never answers, a body; None when it does.

    Args:
        body: a request's body. Values are not in the answer.
    """
    kind = None if body is None else body.get("type")
    known = REQUEST_TYPES.get(kind) if isinstance(kind, str) else None
    if body is None or known is None:
        return f"the message has no known type, but {kind!r}"
    return known.refusal(body)
