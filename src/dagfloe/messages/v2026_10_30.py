# Made by `make messages` from supervisor-2026-10-30.json: for type checkers, never imported at run time.

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict


class AssetAliasReferenceAssetEventDagRun(TypedDict):
    name: str


class AssetProfile(TypedDict):
    name: NotRequired[str | None]
    type: str
    uri: NotRequired[str | None]


class BundleInfo(TypedDict):
    name: str
    version: NotRequired[str | None]
    version_data: NotRequired[dict[str, Any] | None]


class ClearAssetStateStoreByName(TypedDict):
    name: str
    type: Literal['ClearAssetStateStoreByName']


class ClearAssetStateStoreByUri(TypedDict):
    type: Literal['ClearAssetStateStoreByUri']
    uri: str


class ClearTaskStateStore(TypedDict):
    ti_id: str
    type: Literal['ClearTaskStateStore']


class ConnectionResponse(TypedDict):
    conn_id: str
    conn_type: str
    extra: str | None
    host: str | None
    login: str | None
    password: str | None
    port: int | None
    schema: str | None


class ConnectionResult(TypedDict):
    conn_id: str
    conn_type: str
    extra: str | None
    host: str | None
    login: str | None
    password: str | None
    port: int | None
    schema: str | None
    type: Literal['ConnectionResult']


class DRCount(TypedDict):
    count: int
    type: Literal['DRCount']


class DagResult(TypedDict):
    bundle_name: str | None
    bundle_version: str | None
    dag_id: str
    is_paused: bool
    next_dagrun: datetime | None
    owners: str | None
    relative_fileloc: str | None
    tags: list[str]
    type: Literal['DagResult']


class DagRunAssetReference(TypedDict):
    dag_id: str
    data_interval_end: datetime | None
    data_interval_start: datetime | None
    end_date: datetime | None
    logical_date: datetime | None
    partition_key: str | None
    run_id: str
    start_date: datetime | None
    state: str


DagRunState: TypeAlias = Literal['queued', 'running', 'success', 'failed']


class DagRunStateResult(TypedDict):
    state: DagRunState
    type: Literal['DagRunStateResult']


DagRunType: TypeAlias = Literal['backfill', 'scheduled', 'manual', 'operator_triggered', 'asset_triggered', 'asset_materialization']


class DagSourceCode(TypedDict):
    language: str
    source_code: str


class DeleteAssetStateStoreByName(TypedDict):
    key: str
    name: str
    type: Literal['DeleteAssetStateStoreByName']


class DeleteAssetStateStoreByUri(TypedDict):
    key: str
    type: Literal['DeleteAssetStateStoreByUri']
    uri: str


class DeleteTaskStateStore(TypedDict):
    key: str
    ti_id: str
    type: Literal['DeleteTaskStateStore']


class DeleteVariable(TypedDict):
    key: str
    type: Literal['DeleteVariable']


class DeleteXCom(TypedDict):
    dag_id: str
    key: str
    map_index: NotRequired[int | None]
    run_id: str
    task_id: str
    type: Literal['DeleteXCom']


ErrorType: TypeAlias = Literal['CONNECTION_NOT_FOUND', 'VARIABLE_NOT_FOUND', 'XCOM_NOT_FOUND', 'ASSET_NOT_FOUND', 'TASK_STORE_NOT_FOUND', 'ASSET_STORE_NOT_FOUND', 'DAGRUN_ALREADY_EXISTS', 'PERMISSION_DENIED', 'GENERIC_ERROR', 'API_SERVER_ERROR']


class GetAssetByName(TypedDict):
    name: str
    type: Literal['GetAssetByName']


class GetAssetByUri(TypedDict):
    type: Literal['GetAssetByUri']
    uri: str


class GetAssetEventByAsset(TypedDict):
    after: NotRequired[datetime | None]
    ascending: NotRequired[bool]
    before: NotRequired[datetime | None]
    extra: NotRequired[dict[str, str] | None]
    limit: NotRequired[int | None]
    name: str | None
    partition_key: NotRequired[str | None]
    partition_key_regexp_pattern: NotRequired[str | None]
    type: Literal['GetAssetEventByAsset']
    uri: str | None


class GetAssetEventByAssetAlias(TypedDict):
    after: NotRequired[datetime | None]
    alias_name: str
    ascending: NotRequired[bool]
    before: NotRequired[datetime | None]
    extra: NotRequired[dict[str, str] | None]
    limit: NotRequired[int | None]
    partition_key: NotRequired[str | None]
    partition_key_regexp_pattern: NotRequired[str | None]
    type: Literal['GetAssetEventByAssetAlias']


class GetAssetStateStoreByName(TypedDict):
    key: str
    name: str
    type: Literal['GetAssetStateStoreByName']


class GetAssetStateStoreByUri(TypedDict):
    key: str
    type: Literal['GetAssetStateStoreByUri']
    uri: str


class GetAssetsByAlias(TypedDict):
    alias_name: str
    type: Literal['GetAssetsByAlias']


class GetConnection(TypedDict):
    conn_id: str
    type: Literal['GetConnection']


class GetDRCount(TypedDict):
    dag_id: str
    logical_dates: NotRequired[list[datetime] | None]
    run_ids: NotRequired[list[str] | None]
    states: NotRequired[list[str] | None]
    type: Literal['GetDRCount']


class GetDag(TypedDict):
    dag_id: str
    type: Literal['GetDag']


class GetDagRun(TypedDict):
    dag_id: str
    run_id: str
    type: Literal['GetDagRun']


class GetDagRunState(TypedDict):
    dag_id: str
    run_id: str
    type: Literal['GetDagRunState']


class GetHITLDetailResponse(TypedDict):
    ti_id: str
    type: Literal['GetHITLDetailResponse']


class GetPrevSuccessfulDagRun(TypedDict):
    ti_id: str
    type: Literal['GetPrevSuccessfulDagRun']


class GetPreviousDagRun(TypedDict):
    dag_id: str
    logical_date: datetime
    state: NotRequired[str | None]
    type: Literal['GetPreviousDagRun']


class GetTICount(TypedDict):
    dag_id: str
    logical_dates: NotRequired[list[datetime] | None]
    map_index: NotRequired[int | None]
    run_ids: NotRequired[list[str] | None]
    states: NotRequired[list[str] | None]
    task_group_id: NotRequired[str | None]
    task_ids: NotRequired[list[str] | None]
    type: Literal['GetTICount']


class GetTaskBreadcrumbs(TypedDict):
    dag_id: str
    run_id: str
    type: Literal['GetTaskBreadcrumbs']


class GetTaskRescheduleStartDate(TypedDict):
    ti_id: str
    try_number: NotRequired[int]
    type: Literal['GetTaskRescheduleStartDate']


class GetTaskStateStore(TypedDict):
    key: str
    ti_id: str
    type: Literal['GetTaskStateStore']


class GetTaskStates(TypedDict):
    dag_id: str
    logical_dates: NotRequired[list[datetime] | None]
    map_index: NotRequired[int | None]
    run_ids: NotRequired[list[str] | None]
    task_group_id: NotRequired[str | None]
    task_ids: NotRequired[list[str] | None]
    type: Literal['GetTaskStates']


class GetVariable(TypedDict):
    key: str
    type: Literal['GetVariable']


class GetVariableKeys(TypedDict):
    limit: NotRequired[int]
    offset: NotRequired[int]
    prefix: NotRequired[str | None]
    type: Literal['GetVariableKeys']


class GetXCom(TypedDict):
    dag_id: str
    include_prior_dates: NotRequired[bool]
    key: str
    map_index: NotRequired[int | None]
    previous_iteration: NotRequired[bool]
    run_id: str
    task_id: str
    type: Literal['GetXCom']


class GetXComCount(TypedDict):
    dag_id: str
    key: str
    previous_iteration: NotRequired[bool]
    run_id: str
    task_id: str
    type: Literal['GetXComCount']


class GetXComSequenceItem(TypedDict):
    dag_id: str
    key: str
    offset: int
    previous_iteration: NotRequired[bool]
    run_id: str
    task_id: str
    type: Literal['GetXComSequenceItem']


class GetXComSequenceSlice(TypedDict):
    dag_id: str
    include_prior_dates: NotRequired[bool]
    key: str
    previous_iteration: NotRequired[bool]
    run_id: str
    start: int | None
    step: int | None
    stop: int | None
    task_id: str
    type: Literal['GetXComSequenceSlice']


class HITLUser(TypedDict):
    id: str
    name: str


class InactiveAssetsResult(TypedDict):
    inactive_assets: NotRequired[list[AssetProfile] | None]
    type: Literal['InactiveAssetsResult']


JsonValue: TypeAlias = dict[str, Any] | list[Any] | str | float | bool | None


class LazyDeserializedDAG(TypedDict):
    data: dict[str, Any]
    last_loaded: NotRequired[datetime | None]


class LoopContext(TypedDict):
    index: int
    max_iterations: int
    node_id: str
    terminal_is_mapped: bool
    terminal_task_id: str


class LoopDecisionPayload(TypedDict):
    reason: NotRequired[str | None]
    stop: bool


class MaskSecret(TypedDict):
    name: NotRequired[str | None]
    type: Literal['MaskSecret']
    value: JsonValue


class OKResponse(TypedDict):
    ok: bool
    type: Literal['OKResponse']


class PrevSuccessfulDagRunResult(TypedDict):
    data_interval_end: NotRequired[datetime | None]
    data_interval_start: NotRequired[datetime | None]
    end_date: NotRequired[datetime | None]
    start_date: NotRequired[datetime | None]
    type: Literal['PrevSuccessfulDagRunResult']


class PreviousTIResponse(TypedDict):
    dag_id: str
    duration: NotRequired[float | None]
    end_date: NotRequired[datetime | None]
    logical_date: NotRequired[datetime | None]
    map_index: NotRequired[int | None]
    region_id: NotRequired[str | None]
    region_index: NotRequired[int | None]
    run_id: str
    start_date: NotRequired[datetime | None]
    state: NotRequired[str | None]
    task_id: str
    try_number: int


class PreviousTIResult(TypedDict):
    task_instance: NotRequired[PreviousTIResponse | None]
    type: Literal['PreviousTIResult']


class PutVariable(TypedDict):
    description: str | None
    key: str
    type: Literal['PutVariable']
    value: str | None


class RescheduleTask(TypedDict):
    end_date: datetime
    reschedule_date: datetime
    state: NotRequired[Literal['up_for_reschedule']]
    type: Literal['RescheduleTask']


class ResendLoggingFD(TypedDict):
    type: Literal['ResendLoggingFD']


class RetryTask(TypedDict):
    end_date: datetime
    rendered_map_index: NotRequired[str | None]
    retry_delay_seconds: NotRequired[float | None]
    retry_reason: NotRequired[str | None]
    state: NotRequired[Literal['up_for_retry']]
    type: Literal['RetryTask']


class SentFDs(TypedDict):
    fds: list[int]
    type: Literal['SentFDs']


class SetAssetStateStoreByName(TypedDict):
    key: str
    name: str
    type: Literal['SetAssetStateStoreByName']
    value: JsonValue


class SetAssetStateStoreByUri(TypedDict):
    key: str
    type: Literal['SetAssetStateStoreByUri']
    uri: str
    value: JsonValue


class SetExecutionTimeout(TypedDict):
    timeout_seconds: float
    type: Literal['SetExecutionTimeout']


class SetRenderedFields(TypedDict):
    rendered_fields: dict[str, JsonValue]
    type: Literal['SetRenderedFields']


class SetRenderedMapIndex(TypedDict):
    rendered_map_index: str
    type: Literal['SetRenderedMapIndex']


class SetTaskStateStore(TypedDict):
    expires_at: datetime | None
    key: str
    ti_id: str
    type: Literal['SetTaskStateStore']
    value: JsonValue


class SetXCom(TypedDict):
    dag_id: str
    dag_result: NotRequired[bool]
    key: str
    map_index: NotRequired[int | None]
    mapped_length: NotRequired[int | None]
    run_id: str
    task_id: str
    type: Literal['SetXCom']
    value: JsonValue


class SkipDownstreamTasks(TypedDict):
    tasks: list[str | tuple[str, int]]
    type: Literal['SkipDownstreamTasks']


class SucceedTask(TypedDict):
    end_date: datetime
    loop_decision: NotRequired[LoopDecisionPayload | None]
    outlet_events: NotRequired[list[dict[str, Any]] | None]
    rendered_map_index: NotRequired[str | None]
    state: NotRequired[Literal['success']]
    task_outlets: NotRequired[list[AssetProfile] | None]
    type: Literal['SucceedTask']


class TICount(TypedDict):
    count: int
    type: Literal['TICount']


class TaskBreadcrumbsResult(TypedDict):
    breadcrumbs: list[dict[str, Any]]
    type: Literal['TaskBreadcrumbsResult']


class TaskInstance(TypedDict):
    context_carrier: NotRequired[dict[str, Any] | None]
    dag_id: str
    dag_version_id: str
    hostname: NotRequired[str | None]
    id: str
    map_index: NotRequired[int]
    queue: NotRequired[str]
    region_id: NotRequired[str]
    region_index: NotRequired[int]
    run_id: str
    task_id: str
    try_number: int


TaskInstanceState: TypeAlias = Literal['removed', 'scheduled', 'queued', 'running', 'success', 'restarting', 'failed', 'up_for_retry', 'up_for_reschedule', 'upstream_failed', 'skipped', 'deferred', 'awaiting_input']


class TaskRescheduleStartDate(TypedDict):
    start_date: datetime | None
    type: Literal['TaskRescheduleStartDate']


class TaskState(TypedDict):
    end_date: NotRequired[datetime | None]
    loop_decision: NotRequired[LoopDecisionPayload | None]
    rendered_map_index: NotRequired[str | None]
    retry_reason: NotRequired[str | None]
    state: Literal['failed', 'skipped', 'removed']
    type: Literal['TaskState']


class TaskStateStoreResult(TypedDict):
    type: Literal['TaskStateStoreResult']
    value: JsonValue | None


class TaskStatesResult(TypedDict):
    task_states: dict[str, Any]
    type: Literal['TaskStatesResult']


class TriggerDagRun(TypedDict):
    conf: NotRequired[dict[str, Any] | None]
    dag_id: str
    logical_date: NotRequired[datetime | None]
    note: NotRequired[str | None]
    partition_key: NotRequired[str | None]
    reset_dag_run: NotRequired[bool | None]
    run_after: NotRequired[datetime | None]
    run_id: str
    type: Literal['TriggerDagRun']


class UpdateDagRunNote(TypedDict):
    note: str | None
    ti_id: str
    type: Literal['UpdateDagRunNote']


class UpdateHITLDetail(TypedDict):
    chosen_options: list[str]
    params_input: NotRequired[dict[str, Any] | None]
    ti_id: str
    type: Literal['UpdateHITLDetail']


class ValidateInletsAndOutlets(TypedDict):
    ti_id: str
    type: Literal['ValidateInletsAndOutlets']


class VariableKeysResult(TypedDict):
    keys: list[str]
    total_entries: int
    type: Literal['VariableKeysResult']


class VariableResponse(TypedDict):
    key: str
    value: str | None


class VariableResult(TypedDict):
    key: str
    type: Literal['VariableResult']
    value: str | None


class XComCountResponse(TypedDict):
    len: int
    type: Literal['XComCountResponse']


class XComResult(TypedDict):
    key: str
    type: Literal['XComResult']
    value: JsonValue | None


class XComSequenceIndexResult(TypedDict):
    root: JsonValue
    type: Literal['XComSequenceIndexResult']


class XComSequenceSliceResult(TypedDict):
    root: list[JsonValue]
    type: Literal['XComSequenceSliceResult']


ArgValueSchema: TypeAlias = dict[str, JsonValue]


class AssetReferenceAssetEventDagRun(TypedDict):
    extra: dict[str, JsonValue]
    name: str
    uri: str


class AssetResponse(TypedDict):
    extra: NotRequired[dict[str, JsonValue | None] | None]
    group: str
    name: str
    uri: str


class AssetResult(TypedDict):
    extra: NotRequired[dict[str, JsonValue | None] | None]
    group: str
    name: str
    type: Literal['AssetResult']
    uri: str


class AssetStateStoreResult(TypedDict):
    type: Literal['AssetStateStoreResult']
    value: JsonValue | None


class AssetsByAliasResult(TypedDict):
    assets: list[AssetResult]
    type: Literal['AssetsByAliasResult']


class AwaitInputTask(TypedDict):
    next_kwargs: NotRequired[dict[str, JsonValue | None] | None]
    next_method: str
    rendered_map_index: NotRequired[str | None]
    state: NotRequired[Literal['awaiting_input']]
    timeout: NotRequired[timedelta | None]
    type: Literal['AwaitInputTask']


class CreateHITLDetailPayload(TypedDict):
    assigned_users: NotRequired[list[HITLUser] | None]
    body: NotRequired[str | None]
    defaults: NotRequired[list[str] | None]
    multiple: NotRequired[bool | None]
    options: list[str]
    params: NotRequired[dict[str, Any] | None]
    subject: str
    ti_id: str
    type: Literal['CreateHITLDetailPayload']


class DagFileParsingResult(TypedDict):
    dag_source_codes: NotRequired[dict[str, DagSourceCode]]
    fileloc: str
    import_errors: NotRequired[dict[str, str] | None]
    parsed_definitions: NotRequired[list[str]]
    serialized_dags: list[LazyDeserializedDAG]
    type: Literal['DagFileParsingResult']
    warnings: NotRequired[list[Any] | None]


class DeferTask(TypedDict):
    classpath: str
    next_kwargs: NotRequired[dict[str, JsonValue | None] | None]
    next_method: str
    queue: NotRequired[str | None]
    rendered_map_index: NotRequired[str | None]
    state: NotRequired[Literal['deferred']]
    trigger_kwargs: NotRequired[dict[str, JsonValue | None] | str | None]
    trigger_timeout: NotRequired[timedelta | None]
    type: Literal['DeferTask']


class ErrorResponse(TypedDict):
    detail: NotRequired[dict[str, Any] | None]
    error: NotRequired[ErrorType]
    type: Literal['ErrorResponse']


class GetPreviousTI(TypedDict):
    dag_id: str
    logical_date: NotRequired[datetime | None]
    map_index: NotRequired[int]
    state: NotRequired[TaskInstanceState | None]
    task_id: str
    type: Literal['GetPreviousTI']


class HITLDetailRequestResult(TypedDict):
    assigned_users: NotRequired[list[HITLUser] | None]
    body: NotRequired[str | None]
    defaults: NotRequired[list[str] | None]
    multiple: NotRequired[bool | None]
    options: list[str]
    params: NotRequired[dict[str, Any] | None]
    subject: str
    ti_id: str
    type: Literal['HITLDetailRequestResult']


class LiteralArgBinding(TypedDict):
    from_default: NotRequired[bool]
    kind: Literal['literal']
    name: str
    value: NotRequired[JsonValue | None]
    value_schema: NotRequired[ArgValueSchema | None]


class XComArgBinding(TypedDict):
    kind: Literal['xcom']
    name: str
    task_id: str
    value_schema: NotRequired[ArgValueSchema | None]


class AssetEventDagRunReference(TypedDict):
    asset: AssetReferenceAssetEventDagRun
    extra: dict[str, JsonValue]
    partition_key: NotRequired[str | None]
    source_aliases: list[AssetAliasReferenceAssetEventDagRun]
    source_dag_id: str | None
    source_map_index: int | None
    source_run_id: str | None
    source_task_id: str | None
    timestamp: datetime


class AssetEventResponse(TypedDict):
    asset: AssetResponse
    created_dagruns: list[DagRunAssetReference]
    extra: NotRequired[dict[str, JsonValue | None] | None]
    id: int
    partition_key: NotRequired[str | None]
    source_dag_id: NotRequired[str | None]
    source_map_index: NotRequired[int | None]
    source_run_id: NotRequired[str | None]
    source_task_id: NotRequired[str | None]
    timestamp: datetime


class AssetEventsResult(TypedDict):
    asset_events: list[AssetEventResponse]
    type: Literal['AssetEventsResult']


class DagRun(TypedDict):
    clear_number: NotRequired[int]
    conf: NotRequired[dict[str, Any] | None]
    consumed_asset_events: list[AssetEventDagRunReference]
    dag_id: str
    data_interval_end: datetime | None
    data_interval_start: datetime | None
    end_date: datetime | None
    logical_date: datetime | None
    note: NotRequired[str | None]
    partition_date: NotRequired[datetime | None]
    partition_key: str | None
    run_after: datetime
    run_id: str
    run_type: DagRunType
    start_date: datetime | None
    state: DagRunState
    team_name: NotRequired[str | None]
    triggering_user_name: NotRequired[str | None]


class DagRunContext(TypedDict):
    dag_run: NotRequired[DagRun | None]
    last_ti: NotRequired[TaskInstance | None]


class DagRunResult(TypedDict):
    clear_number: NotRequired[int | None]
    conf: NotRequired[dict[str, Any] | None]
    consumed_asset_events: list[AssetEventDagRunReference]
    dag_id: str
    data_interval_end: datetime | None
    data_interval_start: datetime | None
    end_date: datetime | None
    logical_date: datetime | None
    note: NotRequired[str | None]
    partition_date: NotRequired[datetime | None]
    partition_key: str | None
    run_after: datetime
    run_id: str
    run_type: DagRunType
    start_date: datetime | None
    state: DagRunState
    team_name: NotRequired[str | None]
    triggering_user_name: NotRequired[str | None]
    type: Literal['DagRunResult']


class PreviousDagRunResult(TypedDict):
    dag_run: NotRequired[DagRun | None]
    type: Literal['PreviousDagRunResult']


TaskArgBinding: TypeAlias = XComArgBinding | LiteralArgBinding


class DagCallbackRequest(TypedDict):
    bundle_name: str
    bundle_version: str | None
    context_from_server: NotRequired[DagRunContext | None]
    dag_id: str
    filepath: str
    is_failure_callback: NotRequired[bool | None]
    msg: NotRequired[str | None]
    run_id: str
    type: Literal['DagCallbackRequest']
    version_data: NotRequired[dict[str, Any] | None]


class TIRunContext(TypedDict):
    arg_bindings: NotRequired[list[TaskArgBinding] | None]
    connections: NotRequired[list[ConnectionResponse]]
    dag_run: DagRun
    first_task_reschedule_start_date: NotRequired[datetime | None]
    loop: NotRequired[LoopContext | None]
    max_tries: int
    multi_team: NotRequired[bool]
    next_kwargs: NotRequired[dict[str, Any] | str | None]
    next_method: NotRequired[str | None]
    should_retry: NotRequired[bool]
    start_date: NotRequired[datetime | None]
    task_reschedule_count: NotRequired[int]
    variables: NotRequired[list[VariableResponse]]
    xcom_keys_to_clear: NotRequired[list[str]]


class TaskCallbackRequest(TypedDict):
    bundle_name: str
    bundle_version: str | None
    context_from_server: NotRequired[TIRunContext | None]
    filepath: str
    msg: NotRequired[str | None]
    task_callback_type: NotRequired[TaskInstanceState | None]
    ti: TaskInstance
    type: Literal['TaskCallbackRequest']
    version_data: NotRequired[dict[str, Any] | None]


class EmailRequest(TypedDict):
    bundle_name: str
    bundle_version: str | None
    context_from_server: TIRunContext
    email_type: NotRequired[Literal['failure', 'retry']]
    filepath: str
    msg: NotRequired[str | None]
    ti: TaskInstance
    type: Literal['EmailRequest']
    version_data: NotRequired[dict[str, Any] | None]


class StartupDetails(TypedDict):
    bundle_info: BundleInfo
    dag_rel_path: str
    sentry_integration: str
    start_date: datetime
    ti: TaskInstance
    ti_context: TIRunContext
    type: Literal['StartupDetails']
