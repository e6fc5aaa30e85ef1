"""The declaration of a Dag in the manifest."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dagfloe import (
    Asset,
    AssetAlias,
    AsyncCallback,
    Bundle,
    DeadlineAlert,
    DeadlineReference,
    Label,
    Param,
)
from dagfloe.errors import RegistrationError
from dagfloe.format.errors import ManifestError
from dagfloe.format.manifest import parse_manifest, render_manifest, validate_manifest
from dagfloe.runtime.config import BundleConfig
from dagfloe.runtime.declaration import describe_dag
from dagfloe.runtime.metadata import bundle_metadata


def whole() -> Bundle:
    """A bundle whose Dag declares every field."""
    bundle = Bundle()
    dag = bundle.dag(
        "sales",
        schedule="0 4 * * *",
        start_date=datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")),
        end_date=datetime(2027, 1, 1),  # noqa: DTZ001 - naive dates are UTC
        catchup=False,
        tags={"b", "a"},
        params={"limit": 10},
        description="Sales by day",
        doc_md="# Sales",
        max_active_runs=1,
        max_active_tasks=4,
        dagrun_timeout=timedelta(hours=1),
        default_args={"owner": "data"},
    )

    @dag.task(
        retries=2, retry_delay=timedelta(minutes=5), outlets=[Asset("raw", "s3://shop/raw")], execution_timeout=60
    )
    def extract() -> list[int]:
        return [1]

    with dag.group("prepare"):

        @dag.branch(trigger_rule="none_failed", retry_policy=lambda _error, _number: None)
        def choose(rows: list[int]) -> str:
            return "load"

        @dag.task(inlets=[Asset.ref(name="raw"), Asset.ref(uri="s3://x"), AssetAlias("any")])
        def clean(item: int, day: str, other: object, table: str) -> None: ...

    @dag.task
    def load() -> None: ...

    with dag:
        rows = extract()
        choose(rows) >> load()
        clean.partial(table="t").expand(item=rows, day=("mon", "tue"), other=[object()])
    return bundle


EXPECTED: dict[str, Any] = {
    "schedule": "0 4 * * *",
    "start_date": "2026-01-01T00:00:00+01:00",
    "timezone": "Europe/Berlin",
    "end_date": "2027-01-01T00:00:00+00:00",
    "catchup": False,
    "tags": ["a", "b"],
    "params": {"limit": 10},
    "description": "Sales by day",
    "doc_md": "# Sales",
    "max_active_runs": 1,
    "max_active_tasks": 4,
    "dagrun_timeout_s": 3600.0,
    "groups": ["prepare"],
    "tasks": {
        "extract": {
            "owner": "data",
            "retries": 2,
            "retry_delay_s": 300.0,
            "execution_timeout_s": 60.0,
            "outlets": [{"name": "raw", "uri": "s3://shop/raw"}],
        },
        "prepare.choose": {
            "owner": "data",
            "kind": "branch",
            "group": "prepare",
            "trigger_rule": "none_failed",
            "upstream": ["extract"],
            "has_retry_policy": True,
            "arguments": [{"name": "rows", "kind": "xcom", "task_id": "extract"}],
        },
        "prepare.clean": {
            "owner": "data",
            "group": "prepare",
            "upstream": ["extract"],
            "inlets": [{"name": "raw"}, {"uri": "s3://x"}, {"alias": "any"}],
            "mapped": {"item": {"xcom": "extract"}, "day": {"values": ["mon", "tue"]}, "other": {"length": 1}},
        },
        "load": {"owner": "data", "upstream": ["prepare.choose"]},
    },
}


def test_everything_that_can_be_declared() -> None:
    """Every field has one format. The manifest follows the schema and is equal after a round trip through YAML."""
    bundle = whole()
    assert describe_dag(bundle.dags["sales"]) == EXPECTED
    manifest = bundle_metadata(BundleConfig("tasks:bundle", "p", "1", "tasks.py"), bundle)
    validate_manifest(manifest)
    assert parse_manifest(render_manifest(manifest)) == manifest
    assert list(manifest["dags"]["sales"]["declaration"]["tasks"]) == manifest["dags"]["sales"]["tasks"]


@pytest.mark.parametrize(
    ("schedule", "form"),
    [
        (timedelta(hours=2), {"interval_s": 7200.0}),
        (
            [Asset("a", "s3://a/a"), Asset("b")],
            {"assets": [{"name": "a", "uri": "s3://a/a"}, {"name": "b", "uri": "b"}]},
        ),
        (
            [Asset("a", group="g", extra={"x": [1]}), AssetAlias("b", group="h"), Asset.ref(name="c")],
            {
                "assets": [
                    {"name": "a", "uri": "a", "group": "g", "extra": {"x": [1]}},
                    {"alias": "b", "group": "h"},
                    {"name": "c"},
                ]
            },
        ),
        (Asset("a"), {"condition": {"name": "a", "uri": "a"}}),
        (
            Asset("a") & (AssetAlias("b") | Asset.ref(uri="c") | Asset("d")),
            {
                "condition": {
                    "all": [
                        {"name": "a", "uri": "a"},
                        {"any": [{"alias": "b"}, {"uri": "c"}, {"name": "d", "uri": "d"}]},
                    ]
                }
            },
        ),
        (
            (Asset.ref(name="a") | Asset.ref(name="b"), Asset.ref(name="c")),
            {"condition": {"all": [{"any": [{"name": "a"}, {"name": "b"}]}, {"name": "c"}]}},
        ),
    ],
)
def test_schedules(schedule: Any, form: Any) -> None:
    """A timedelta is written in seconds, an asset with its name and URI, a condition as a tree."""
    bundle = Bundle()
    dag = bundle.dag("d", schedule=schedule, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc))
    assert describe_dag(dag) == {"schedule": form, "start_date": "2026-01-01T00:00:00+00:00", "tasks": {}}
    validate_manifest(bundle_metadata(BundleConfig("tasks:bundle", "p", "1", "tasks.py"), bundle))


def newer() -> Bundle:
    """A bundle whose Dag has all options that only some schedulers need."""
    bundle = Bundle()
    dag = bundle.dag(
        "d",
        access_control={"ops": {"can_read"}},
        allowed_run_types="manual",
        dag_display_name="It",
        deadline=DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(hours=1), AsyncCallback("a.b")),
        disable_bundle_versioning=True,
        fail_fast=False,
        is_paused_upon_creation=True,
        max_consecutive_failed_dag_runs=3,
        owner_links={"ann": "https://wiki/ann"},
        params={"limit": Param(5, "How many", type="integer"), "day": Param(type="string"), "plain": None},
        rerun_with_latest_version=True,
    )

    @dag.setup(start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), end_date=datetime(2027, 1, 1))  # noqa: DTZ001
    def create() -> None: ...

    with dag.group("g", tooltip="It", ui_color="red"):

        @dag.task(retry_exponential_backoff=1.5, executor_config={"a": [1]}, do_xcom_push=False, multiple_outputs=True)
        def work() -> None: ...

    @dag.teardown(on_failure_fail_dagrun=True)
    def delete() -> None: ...

    create >> Label("now") >> work >> delete.as_teardown(setups=create)
    return bundle


def test_options_for_airflow() -> None:
    """Options are left out where they are not declared; the manifest follows the schema and YAML gives it back."""
    bundle = newer()
    assert describe_dag(bundle.dags["d"]) == {
        "access_control": {"ops": {"DAGs": ["can_read"]}},
        "allowed_run_types": ["manual"],
        "dag_display_name": "It",
        "deadline": [{"reference": "dagrun_queued_at", "interval_s": 3600.0, "callback": "a.b"}],
        "disable_bundle_versioning": True,
        "edge_labels": {"create": {"g.work": "now"}},
        "fail_fast": False,
        "group_options": {"g": {"tooltip": "It", "ui_color": "red"}},
        "groups": ["g"],
        "is_paused_upon_creation": True,
        "max_consecutive_failed_dag_runs": 3,
        "owner_links": {"ann": "https://wiki/ann"},
        "params": {"limit": 5, "plain": None},
        "param_schemas": {
            "limit": {"schema": {"type": "integer"}, "description": "How many"},
            "day": {"schema": {"type": "string"}},
        },
        "rerun_with_latest_version": True,
        "tasks": {
            "create": {
                "kind": "setup",
                "start_date": "2026-01-01T00:00:00+00:00",
                "end_date": "2027-01-01T00:00:00+00:00",
            },
            "g.work": {
                "do_xcom_push": False,
                "executor_config": {"a": [1]},
                "group": "g",
                "multiple_outputs": True,
                "retry_exponential_backoff": 1.5,
                "upstream": ["create"],
            },
            "delete": {"kind": "teardown", "on_failure_fail_dagrun": True, "upstream": ["create", "g.work"]},
        },
    }
    manifest = bundle_metadata(BundleConfig("tasks:bundle", "p", "1", "tasks.py"), bundle)
    validate_manifest(manifest)
    assert parse_manifest(render_manifest(manifest)) == manifest


def test_setups_are_checked() -> None:
    """A Dag that Airflow would refuse is not described."""
    dag = newer().dags["d"]
    dag.tasks["create"] >> dag.task(task_id="late", trigger_rule="all_done")(lambda: None)
    with pytest.raises(RegistrationError, match="right after the setup 'create'"):
        describe_dag(dag)


class Pytz(tzinfo):
    """A time zone as pytz has it."""

    zone = "Europe/Berlin"

    def localize(self, date: datetime) -> datetime:
        """Give a date this zone."""
        return date.replace(tzinfo=self)

    def utcoffset(self, _: datetime | None) -> timedelta:
        """Return the offset."""
        return timedelta(hours=1)

    dst = utcoffset

    def tzname(self, _: datetime | None) -> str:
        """Return the name."""
        return "CET"


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (None, None),
        (timezone.utc, None),
        (timezone(timedelta(0)), None),
        (timezone(timedelta(hours=5, minutes=30)), 19800),
        (timezone(timedelta(hours=-5)), -18000),
        (ZoneInfo("Europe/Berlin"), "Europe/Berlin"),
        (ZoneInfo("UTC"), "UTC"),
        (Pytz(), "Europe/Berlin"),
    ],
)
def test_time_zones(zone: Any, expected: Any) -> None:
    """The time zone of a cron schedule is a name, or an offset in seconds as Airflow stores it."""
    bundle = Bundle()
    dag = bundle.dag("d", schedule="0 4 * * *", start_date=datetime(2026, 1, 1, tzinfo=zone))
    assert describe_dag(dag).get("timezone") == expected
    validate_manifest(bundle_metadata(BundleConfig("tasks:bundle", "p", "1", "tasks.py"), bundle))


def test_long_lists_are_replaced_by_their_length() -> None:
    """If a task is mapped over more than 256 values, the manifest holds only their number."""
    dag = Bundle().dag("d")
    for length in (256, 257):
        task = dag.task(task_id=f"t{length}")(lambda item: item)
        with dag:
            task.expand(item=list(range(length)))
    tasks = describe_dag(dag)["tasks"]
    assert tasks["t256"]["mapped"] == {"item": {"values": list(range(256))}}
    assert tasks["t257"]["mapped"] == {"item": {"length": 257}}


@pytest.mark.parametrize(
    ("field", "value"), [("retries", "2"), ("trigger_rule", ""), ("upstream", "a"), ("mapped", {}), ("else", 1)]
)
def test_declarations_are_checked_with_the_manifest(field: str, value: object) -> None:
    """`verify` rejects a declaration that cannot become a Dag."""
    manifest = bundle_metadata(BundleConfig("tasks:bundle", "p", "1", "tasks.py"), whole())
    manifest["dags"]["sales"]["declaration"]["tasks"]["load"][field] = value
    with pytest.raises(ManifestError, match=r"does not follow its schema at .*\.load"):
        validate_manifest(manifest)
