"""Dags with every option of Dags, tasks and task groups. Tests read these Dags in Airflow, and run none."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from dagfloe import Asset, AssetAlias, AsyncCallback, DeadlineAlert, DeadlineReference, Label, Param, TaskGroup
from native34.base import bundle

A, B, C = (Asset(name, f"s3://options/{name}") for name in ("options_a", "options_b", "options_c"))
NAMED = Asset("options_d", "s3://options/d", group="prices", extra={"owner": "sales"})
ALIAS = AssetAlias("options_alias", group="aliases")
BERLIN = datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))

dag = bundle.dag(
    "options",
    schedule="30 4 * * *",
    start_date=BERLIN,
    end_date=datetime(2036, 1, 1, tzinfo=timezone.utc),
    catchup=True,
    tags=["shop", "daily"],
    params={"country": "uk", "limit": Param(5, description="how many", type="integer", minimum=1)},
    description="every option",
    doc_md="# Options\n\nAll of them.",
    dag_display_name="All the options",
    max_active_runs=3,
    max_active_tasks=5,
    max_consecutive_failed_dag_runs=2,
    dagrun_timeout=timedelta(hours=2),
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(minutes=90),
        callback=AsyncCallback("company.alerts.tell", kwargs={"channel": "sales"}),
        name="late",
    ),
    default_args={"retries": 4, "owner": "sales"},
    is_paused_upon_creation=True,
    allowed_run_types=["scheduled", "manual"],
    owner_links={"sales": "https://example.org/sales"},
    access_control={"sales-team": {"DAGs": {"can_read", "can_edit"}}},
    disable_bundle_versioning=True,
    rerun_with_latest_version=True,
)
strict = bundle.dag("options_strict", fail_fast=True, is_paused_upon_creation=False)


def nothing() -> None:
    """Do nothing."""


preset = bundle.dag("options_preset", schedule="@weekly", start_date=BERLIN)
once = bundle.dag("options_once", schedule="@once", start_date=BERLIN)
continuous = bundle.dag("options_continuous", schedule="@continuous", start_date=BERLIN, max_active_runs=1)
delta = bundle.dag("options_delta", schedule=timedelta(hours=6), start_date=BERLIN)
asset = bundle.dag("options_asset", schedule=A, start_date=BERLIN)
assets = bundle.dag("options_assets", schedule=[A, B], start_date=BERLIN)
alias = bundle.dag("options_alias", schedule=ALIAS, start_date=BERLIN)
references = [Asset.ref(name="options_a"), Asset.ref(uri="s3://options/options_b")]
reference = bundle.dag("options_reference", schedule=references, start_date=BERLIN)
condition = bundle.dag("options_condition", schedule=A & (B | C), start_date=BERLIN)
for other in (strict, preset, once, continuous, delta, asset, assets, alias, reference, condition):
    other.task(nothing)


@dag.task
def plain() -> int:
    return 1


@dag.task(
    retries=2,
    retry_delay=timedelta(seconds=90),
    retry_exponential_backoff=1.5,
    max_retry_delay=timedelta(minutes=20),
    execution_timeout=timedelta(minutes=10),
    trigger_rule="all_done",
    pool="database",
    pool_slots=2,
    priority_weight=7,
    weight_rule="absolute",
    queue="big",
    executor="LocalExecutor",
    executor_config={"memory": "2G", "labels": {"team": "sales"}},
    owner="prices",
    task_display_name="A task with options",
    do_xcom_push=False,
    multiple_outputs=True,
    depends_on_past=True,
    ignore_first_depends_on_past=True,
    wait_for_past_depends_before_skipping=True,
    max_active_tis_per_dag=6,
    max_active_tis_per_dagrun=4,
    start_date=datetime(2026, 2, 1, tzinfo=timezone.utc),
    end_date=datetime(2027, 2, 1, tzinfo=timezone.utc),
    doc_md="**bold**",
    inlets=[A, ALIAS],
    outlets=[B, NAMED],
)
def full(rows: int, factor: float, labels: dict[str, list[int]]) -> dict[str, int]:
    return {"rows": rows}


@dag.task(wait_for_downstream=True, doc="plain")
def waits() -> None: ...


@dag.task(doc_json='{"a": 1}')
def in_json() -> None: ...


@dag.task(doc_yaml="a: 1")
def in_yaml() -> None: ...


@dag.task(doc_rst="*a*")
def in_rst() -> None: ...


@dag.branch
def chooses() -> str:
    return "left"


@dag.short_circuit
def is_needed() -> bool:
    return True


@dag.task
def left() -> None: ...


@dag.setup
def create() -> None: ...


@dag.task
def work() -> None: ...


@dag.teardown(on_failure_fail_dagrun=True)
def delete() -> None: ...


with dag.group(
    "outer",
    tooltip="the outer group",
    group_display_name="The outer group",
    doc_md="A *group*.",
    ui_color="#d6eadf",
    ui_fgcolor="#123456",
    default_args={"retries": 9},
):
    with dag.group("inner"):

        @dag.task
        def items() -> list[int]:
            return [1, 2]

    @dag.task(execution_timeout=timedelta(minutes=3))
    def mapped(item: int, size: int, *, factor: int) -> int:
        return item * size * factor


with TaskGroup("given", dag=dag):

    @dag.task
    def last() -> None: ...


with dag:
    full(plain(), 2.5, labels={"a": [1]})
    chooses() >> Label("open") >> left()
    is_needed() >> waits()
    create() >> work() >> delete().as_teardown(setups=create)
    mapped.partial(factor=3).expand(item=items(), size=[10, 20, 30])
