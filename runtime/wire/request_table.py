"""What each request must and may hold, for each supervisor schema. Made by `make messages`.

A line holds a request's fields as `name:type`, with `?` after names that may be left out; a `!` at its
beginning says that other fields are forbidden. `dagfloe.runtime.wire.requests` reads the types.
"""

from __future__ import annotations

#: By supervisor schema version; a newer one holds only what differs from the one before it.
TABLE: dict[str, dict[str, str]] = {
    "2026-06-16": {
        "AssetProfile": "! name?:text|null type:text uri?:text|null",
        "AwaitInputTask": (
            "! next_kwargs?:map|null next_method:text rendered_map_index?:text|null state?:=awaiting_input "
            "timeout?:duration|null"
        ),
        "ClearAssetStateStoreByName": "name:text",
        "ClearAssetStateStoreByUri": "uri:text",
        "ClearTaskStateStore": "ti_id:uuid",
        "CreateHITLDetailPayload": (
            "assigned_users?:list({HITLUser})|null body?:text|null defaults?:list(text)|null multiple?:bool|null "
            "options:some(text) params?:map|null subject:text ti_id:uuid"
        ),
        "DagFileParsingResult": (
            "fileloc:text import_errors?:map(text)|null serialized_dags:list({LazyDeserializedDAG}) "
            "warnings?:list(json)|null"
        ),
        "DeferTask": (
            "! classpath:text next_kwargs?:map|null next_method:text queue?:text|null "
            "rendered_map_index?:text|null state?:=deferred trigger_kwargs?:map|text|null "
            "trigger_timeout?:duration|null"
        ),
        "DeleteAssetStateStoreByName": "key:text name:text",
        "DeleteAssetStateStoreByUri": "key:text uri:text",
        "DeleteTaskStateStore": "key:text ti_id:uuid",
        "DeleteVariable": "key:text",
        "DeleteXCom": "dag_id:text key:text map_index?:int|null run_id:text task_id:text",
        "GetAssetByName": "name:text",
        "GetAssetByUri": "uri:text",
        "GetAssetEventByAsset": (
            "after?:date|null ascending?:bool before?:date|null limit?:int|null name:text|null uri:text|null"
        ),
        "GetAssetEventByAssetAlias": (
            "after?:date|null alias_name:text ascending?:bool before?:date|null limit?:int|null"
        ),
        "GetAssetStateStoreByName": "key:text name:text",
        "GetAssetStateStoreByUri": "key:text uri:text",
        "GetAssetsByAlias": "alias_name:text",
        "GetConnection": "conn_id:text",
        "GetDRCount": "dag_id:text logical_dates?:list(date)|null run_ids?:list(text)|null states?:list(text)|null",
        "GetDag": "dag_id:text",
        "GetDagRun": "dag_id:text run_id:text",
        "GetDagRunState": "dag_id:text run_id:text",
        "GetHITLDetailResponse": "ti_id:uuid",
        "GetPrevSuccessfulDagRun": "ti_id:uuid",
        "GetPreviousDagRun": "dag_id:text logical_date:date state?:text|null",
        "GetPreviousTI": (
            "dag_id:text logical_date?:date|null map_index?:int "
            "state?:=removed/scheduled/queued/running/success/restarting/failed/up_for_retry/up_for_reschedule/upstream_failed/skipped/deferred/awaiting_input|null "  # noqa: E501
            "task_id:text"
        ),
        "GetTICount": (
            "dag_id:text logical_dates?:list(date)|null map_index?:int|null run_ids?:list(text)|null "
            "states?:list(text)|null task_group_id?:text|null task_ids?:list(text)|null"
        ),
        "GetTaskBreadcrumbs": "dag_id:text run_id:text",
        "GetTaskRescheduleStartDate": "ti_id:uuid try_number?:int",
        "GetTaskStateStore": "key:text ti_id:uuid",
        "GetTaskStates": (
            "dag_id:text logical_dates?:list(date)|null map_index?:int|null run_ids?:list(text)|null "
            "task_group_id?:text|null task_ids?:list(text)|null"
        ),
        "GetVariable": "key:text",
        "GetVariableKeys": "limit?:int offset?:int prefix?:text|null",
        "GetXCom": "dag_id:text include_prior_dates?:bool key:text map_index?:int|null run_id:text task_id:text",
        "GetXComCount": "dag_id:text key:text run_id:text task_id:text",
        "GetXComSequenceItem": "dag_id:text key:text offset:int run_id:text task_id:text",
        "GetXComSequenceSlice": (
            "dag_id:text include_prior_dates?:bool key:text run_id:text start:int|null step:int|null "
            "stop:int|null task_id:text"
        ),
        "HITLUser": "id:text name:text",
        "LazyDeserializedDAG": "data:map last_loaded?:date|null",
        "MaskSecret": "name?:text|null value:json",
        "PutVariable": "description:text|null key:text value:text|null",
        "RescheduleTask": "! end_date:date reschedule_date:date state?:=up_for_reschedule",
        "RetryTask": (
            "! end_date:date rendered_map_index?:text|null retry_delay_seconds?:number|null "
            "retry_reason?:text|null state?:=up_for_retry"
        ),
        "SetAssetStateStoreByName": "key:text name:text value:json",
        "SetAssetStateStoreByUri": "key:text uri:text value:json",
        "SetRenderedFields": "rendered_fields:map",
        "SetRenderedMapIndex": "rendered_map_index:text",
        "SetTaskStateStore": "expires_at:date|null key:text ti_id:uuid value:json",
        "SetXCom": (
            "dag_id:text dag_result?:bool key:text map_index?:int|null mapped_length?:int|null run_id:text "
            "task_id:text value:json"
        ),
        "SkipDownstreamTasks": "! tasks:list(text|pair(text,int))",
        "SucceedTask": (
            "! end_date:date outlet_events?:list(map)|null rendered_map_index?:text|null state?:=success "
            "task_outlets?:list({AssetProfile})|null"
        ),
        "TaskState": "end_date?:date|null rendered_map_index?:text|null state:=failed/skipped/removed",
        "TriggerDagRun": (
            "! conf?:map|null dag_id:text logical_date?:date|null note?:text|null partition_key?:text|null "
            "reset_dag_run?:bool|null run_after?:date|null run_id:text"
        ),
        "UpdateHITLDetail": "chosen_options:some(text) params_input?:map|null ti_id:uuid",
        "ValidateInletsAndOutlets": "ti_id:uuid",
    },
    "2026-10-30": {
        "DagFileParsingResult": (
            "dag_source_codes?:map({DagSourceCode}) fileloc:text import_errors?:map(text)|null "
            "parsed_definitions?:list(text) serialized_dags:list({LazyDeserializedDAG}) warnings?:list(json)|null"
        ),
        "DagSourceCode": "language:text source_code:text",
        "GetAssetEventByAsset": (
            "after?:date|null ascending?:bool before?:date|null extra?:map(text)|null limit?:int|null "
            "name:text|null partition_key?:text|null partition_key_regexp_pattern?:text|null uri:text|null"
        ),
        "GetAssetEventByAssetAlias": (
            "after?:date|null alias_name:text ascending?:bool before?:date|null extra?:map(text)|null "
            "limit?:int|null partition_key?:text|null partition_key_regexp_pattern?:text|null"
        ),
        "GetXCom": (
            "dag_id:text include_prior_dates?:bool key:text map_index?:int|null previous_iteration?:bool "
            "run_id:text task_id:text"
        ),
        "GetXComCount": "dag_id:text key:text previous_iteration?:bool run_id:text task_id:text",
        "GetXComSequenceItem": "dag_id:text key:text offset:int previous_iteration?:bool run_id:text task_id:text",
        "GetXComSequenceSlice": (
            "dag_id:text include_prior_dates?:bool key:text previous_iteration?:bool run_id:text start:int|null "
            "step:int|null stop:int|null task_id:text"
        ),
        "LoopDecisionPayload": "! reason?:text|null stop:bool",
        "SetExecutionTimeout": "timeout_seconds:positive",
        "SucceedTask": (
            "! end_date:date loop_decision?:{LoopDecisionPayload}|null outlet_events?:list(map)|null "
            "rendered_map_index?:text|null state?:=success task_outlets?:list({AssetProfile})|null"
        ),
        "TaskState": (
            "end_date?:date|null loop_decision?:{LoopDecisionPayload}|null rendered_map_index?:text|null "
            "retry_reason?:text|null state:=failed/skipped/removed"
        ),
        "UpdateDagRunNote": "note:text|null ti_id:uuid",
    },
}
