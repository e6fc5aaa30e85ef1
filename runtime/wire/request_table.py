"""The fields of all requests, by supervisor schema. `make messages` generates this module.

An entry of the table describes the fields of one request:

    entry = ["! "] field {" " field}      "!": other fields are forbidden
    field = name ["?"] ":" type           "?": the field is optional
    type  = part {"|" part}               a value has one of these types
    part  = "bool" | "int" | "number" | "positive" | "str" | "uuid" | "date" | "duration" | "null"
          | "json"                        any JSON value
          | "dict" ["(" type ")"]         a dict with str keys, and values of this type, or any JSON values
          | "list(" type ")"              a list with items of this type
          | "some(" type ")"              the same, but not empty
          | "pair(" type {"," type} ")"   a list with exactly these items
          | "=" word {"/" word}           one of these strings
          | "{" entry_name "}"            a dict with the fields of that entry

`dagfloe.runtime.wire.requests` parses the entries.
"""

from __future__ import annotations

#: Entries by supervisor schema version and request. A version holds only what differs from the previous one.
TABLE: dict[str, dict[str, str]] = {
    "2026-06-16": {
        "AssetProfile": "! name?:str|null type:str uri?:str|null",
        "AwaitInputTask": (
            "! next_kwargs?:dict|null next_method:str rendered_map_index?:str|null state?:=awaiting_input "
            "timeout?:duration|null"
        ),
        "ClearAssetStateStoreByName": "name:str",
        "ClearAssetStateStoreByUri": "uri:str",
        "ClearTaskStateStore": "ti_id:uuid",
        "CreateHITLDetailPayload": (
            "assigned_users?:list({HITLUser})|null body?:str|null defaults?:list(str)|null multiple?:bool|null "
            "options:some(str) params?:dict|null subject:str ti_id:uuid"
        ),
        "DagFileParsingResult": (
            "fileloc:str import_errors?:dict(str)|null serialized_dags:list({LazyDeserializedDAG}) "
            "warnings?:list(json)|null"
        ),
        "DeferTask": (
            "! classpath:str next_kwargs?:dict|null next_method:str queue?:str|null rendered_map_index?:str|null "
            "state?:=deferred trigger_kwargs?:dict|str|null trigger_timeout?:duration|null"
        ),
        "DeleteAssetStateStoreByName": "key:str name:str",
        "DeleteAssetStateStoreByUri": "key:str uri:str",
        "DeleteTaskStateStore": "key:str ti_id:uuid",
        "DeleteVariable": "key:str",
        "DeleteXCom": "dag_id:str key:str map_index?:int|null run_id:str task_id:str",
        "GetAssetByName": "name:str",
        "GetAssetByUri": "uri:str",
        "GetAssetEventByAsset": (
            "after?:date|null ascending?:bool before?:date|null limit?:int|null name:str|null uri:str|null"
        ),
        "GetAssetEventByAssetAlias": (
            "after?:date|null alias_name:str ascending?:bool before?:date|null limit?:int|null"
        ),
        "GetAssetStateStoreByName": "key:str name:str",
        "GetAssetStateStoreByUri": "key:str uri:str",
        "GetAssetsByAlias": "alias_name:str",
        "GetConnection": "conn_id:str",
        "GetDRCount": "dag_id:str logical_dates?:list(date)|null run_ids?:list(str)|null states?:list(str)|null",
        "GetDag": "dag_id:str",
        "GetDagRun": "dag_id:str run_id:str",
        "GetDagRunState": "dag_id:str run_id:str",
        "GetHITLDetailResponse": "ti_id:uuid",
        "GetPrevSuccessfulDagRun": "ti_id:uuid",
        "GetPreviousDagRun": "dag_id:str logical_date:date state?:str|null",
        "GetPreviousTI": (
            "dag_id:str logical_date?:date|null map_index?:int "
            "state?:=removed/scheduled/queued/running/success/restarting/failed/up_for_retry/up_for_reschedule/upstream_failed/skipped/deferred/awaiting_input|null "  # noqa: E501
            "task_id:str"
        ),
        "GetTICount": (
            "dag_id:str logical_dates?:list(date)|null map_index?:int|null run_ids?:list(str)|null "
            "states?:list(str)|null task_group_id?:str|null task_ids?:list(str)|null"
        ),
        "GetTaskBreadcrumbs": "dag_id:str run_id:str",
        "GetTaskRescheduleStartDate": "ti_id:uuid try_number?:int",
        "GetTaskStateStore": "key:str ti_id:uuid",
        "GetTaskStates": (
            "dag_id:str logical_dates?:list(date)|null map_index?:int|null run_ids?:list(str)|null "
            "task_group_id?:str|null task_ids?:list(str)|null"
        ),
        "GetVariable": "key:str",
        "GetVariableKeys": "limit?:int offset?:int prefix?:str|null",
        "GetXCom": "dag_id:str include_prior_dates?:bool key:str map_index?:int|null run_id:str task_id:str",
        "GetXComCount": "dag_id:str key:str run_id:str task_id:str",
        "GetXComSequenceItem": "dag_id:str key:str offset:int run_id:str task_id:str",
        "GetXComSequenceSlice": (
            "dag_id:str include_prior_dates?:bool key:str run_id:str start:int|null step:int|null stop:int|null "
            "task_id:str"
        ),
        "HITLUser": "id:str name:str",
        "LazyDeserializedDAG": "data:dict last_loaded?:date|null",
        "MaskSecret": "name?:str|null value:json",
        "PutVariable": "description:str|null key:str value:str|null",
        "RescheduleTask": "! end_date:date reschedule_date:date state?:=up_for_reschedule",
        "RetryTask": (
            "! end_date:date rendered_map_index?:str|null retry_delay_seconds?:number|null retry_reason?:str|null "
            "state?:=up_for_retry"
        ),
        "SetAssetStateStoreByName": "key:str name:str value:json",
        "SetAssetStateStoreByUri": "key:str uri:str value:json",
        "SetRenderedFields": "rendered_fields:dict",
        "SetRenderedMapIndex": "rendered_map_index:str",
        "SetTaskStateStore": "expires_at:date|null key:str ti_id:uuid value:json",
        "SetXCom": (
            "dag_id:str dag_result?:bool key:str map_index?:int|null mapped_length?:int|null run_id:str "
            "task_id:str value:json"
        ),
        "SkipDownstreamTasks": "! tasks:list(str|pair(str,int))",
        "SucceedTask": (
            "! end_date:date outlet_events?:list(dict)|null rendered_map_index?:str|null state?:=success "
            "task_outlets?:list({AssetProfile})|null"
        ),
        "TaskState": "end_date?:date|null rendered_map_index?:str|null state:=failed/skipped/removed",
        "TriggerDagRun": (
            "! conf?:dict|null dag_id:str logical_date?:date|null note?:str|null partition_key?:str|null "
            "reset_dag_run?:bool|null run_after?:date|null run_id:str"
        ),
        "UpdateHITLDetail": "chosen_options:some(str) params_input?:dict|null ti_id:uuid",
        "ValidateInletsAndOutlets": "ti_id:uuid",
    },
    "2026-10-30": {
        "DagFileParsingResult": (
            "dag_source_codes?:dict({DagSourceCode}) fileloc:str import_errors?:dict(str)|null "
            "parsed_definitions?:list(str) serialized_dags:list({LazyDeserializedDAG}) warnings?:list(json)|null"
        ),
        "DagSourceCode": "language:str source_code:str",
        "GetAssetEventByAsset": (
            "after?:date|null ascending?:bool before?:date|null extra?:dict(str)|null limit?:int|null "
            "name:str|null partition_key?:str|null partition_key_regexp_pattern?:str|null uri:str|null"
        ),
        "GetAssetEventByAssetAlias": (
            "after?:date|null alias_name:str ascending?:bool before?:date|null extra?:dict(str)|null "
            "limit?:int|null partition_key?:str|null partition_key_regexp_pattern?:str|null"
        ),
        "GetXCom": (
            "dag_id:str include_prior_dates?:bool key:str map_index?:int|null previous_iteration?:bool run_id:str "
            "task_id:str"
        ),
        "GetXComCount": "dag_id:str key:str previous_iteration?:bool run_id:str task_id:str",
        "GetXComSequenceItem": "dag_id:str key:str offset:int previous_iteration?:bool run_id:str task_id:str",
        "GetXComSequenceSlice": (
            "dag_id:str include_prior_dates?:bool key:str previous_iteration?:bool run_id:str start:int|null "
            "step:int|null stop:int|null task_id:str"
        ),
        "LoopDecisionPayload": "! reason?:str|null stop:bool",
        "SetExecutionTimeout": "timeout_seconds:positive",
        "SucceedTask": (
            "! end_date:date loop_decision?:{LoopDecisionPayload}|null outlet_events?:list(dict)|null "
            "rendered_map_index?:str|null state?:=success task_outlets?:list({AssetProfile})|null"
        ),
        "TaskHandlerDeclaration": "binding:=positional/named params:list({TaskHandlerParam})|null task_id:str",
        "TaskHandlerParam": "exact_name?:bool name:str|null value_schema?:dict|null",
        "TaskHandlerParsingResult": (
            "fileloc:str import_errors?:dict(str)|null task_handlers:dict(list({TaskHandlerDeclaration})) "
            "warnings?:list(json)|null"
        ),
        "TaskState": (
            "end_date?:date|null loop_decision?:{LoopDecisionPayload}|null rendered_map_index?:str|null "
            "retry_reason?:str|null state:=failed/skipped/removed"
        ),
        "UpdateDagRunNote": "note:str|null ti_id:uuid",
    },
}
