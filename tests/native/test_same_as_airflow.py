"""Every option of a Dag and of a task, serialized by dagfloe and by Airflow's own code: the results are the same.

`airflow_dags.py` writes the Dag of each declaration with Airflow's own classes, and `dagfloe stub` writes it as a stub
file. `support.native_airflow.DIFFERENCES` names the fields that may differ, and `STUB_DIFFERENCES` those of stubs.
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

import dagfloe.format
from dagfloe.native.check import check_dag
from dagfloe.native.serialized_dag import serialize_dag
from dagfloe.stub.dag_file import render_stub
from support.native_airflow import DIFFERENCES, as_answer, differences, expected, unequal

if TYPE_CHECKING:
    from support.native_airflow import Airflow

SCHEMA = json.loads(files(dagfloe.format).joinpath("manifest.schema.json").read_text("utf-8"))["$defs"]
ASSET = {"name": "a", "uri": "s3://shop/a"}
ASSETS = [{"name": "b", "uri": "b", "group": "g", "extra": {"x": {"y": [1]}}}, ASSET, {"alias": "c"}, {"name": "d"}]
ASSETS += [{"uri": "s3://e"}, {"alias": "f", "group": "g"}]
START = {"start_date": "2026-03-29T01:30:00+01:00", "timezone": "Europe/Berlin"}

#: Values of every option of a Dag, with the other options that each of them needs.
DAG: dict[str, list[tuple[Any, dict[str, Any]]]] = {
    "access_control": [({}, {}), ({"ann": {"DAGs": ["can_read", "can_edit"], "DAG Runs": []}}, {})],
    "allowed_run_types": [(["manual", "backfill"], {}), (["scheduled"], {"schedule": "@daily"})],
    "catchup": [(True, {}), (False, {}), (True, {**START, "schedule": "@daily"})],
    "dag_display_name": [("A name, ä", {}), ("etl", {})],
    "dagrun_timeout_s": [(90, {}), (1.5, {}), (0.1234567, {})],
    "deadline": [
        ([{"callback": "a.b", "reference": "dagrun_logical_date", "interval_s": 60}], {}),
        (
            [{"callback": "a.b", "reference": "dagrun_queued_at", "interval_s": -0.5, "kwargs": {"x": [{"y": None}]}}],
            {},
        ),
        (
            [
                {
                    "callback": "a.b",
                    "reference": {"fixed_datetime": "2026-01-01T00:00:00+02:00"},
                    "interval_variable": "v",
                }
            ],
            {},
        ),
        (
            [
                {
                    "callback": "a.b",
                    "reference": {"average_runtime": {"max_runs": 5, "min_runs": 2}},
                    "interval_s": 1,
                    "is_sync": True,
                    "executor": "LocalExecutor",
                    "name": "late",
                },
                {"callback": "a.b", "reference": "dagrun_queued_at", "interval_s": 1, "queue": "q"},
            ],
            {},
        ),
    ],
    "description": [("", {}), ("What it does", {})],
    "disable_bundle_versioning": [(True, {}), (False, {})],
    "doc_md": [("# Title\n", {})],
    "edge_labels": [({"begin": {"etl": "yes"}}, {"tasks": {"begin": {}, "etl": {"upstream": ["begin"]}}})],
    "end_date": [("2027-01-01T00:00:00-05:30", {}), ("9999-12-30T00:00:00+00:00", START)],
    "fail_fast": [(True, {}), (False, {})],
    "group_options": [
        (
            {"g.h": {"doc_md": "", "tooltip": "t", "ui_color": "red", "ui_fgcolor": "#fff", "group_display_name": "G"}},
            {"groups": ["g", "g.h"], "tasks": {"g.h.a": {"group": "g.h"}, "g.b": {"group": "g"}}},
        )
    ],
    "groups": [(["g", "g.h", "e"], {"tasks": {"g.h.a": {"group": "g.h"}, "h": {}}})],
    "is_paused_upon_creation": [(True, {}), (False, {})],
    "max_active_runs": [(3, {}), (16, {}), (1, {"schedule": "@continuous"})],
    "max_active_tasks": [(3, {}), (16, {})],
    "max_consecutive_failed_dag_runs": [(3, {}), (0, {})],
    "owner_links": [({}, {}), ({"ann": "https://a.b", "bob": "mailto:b@b.c"}, {})],
    "param_schemas": [
        ({"n": {"schema": {"type": "integer"}}, "m": {"schema": {}, "description": "d"}}, {}),
        ({"n": {"schema": {"type": ["object", "null"], "properties": {"a": {}}}}}, {"params": {"n": {"a": [1]}}}),
    ],
    "params": [
        ({"text": "a", "none": None, "number": 1.5, "flag": True}, {}),
        ({"dict": {"a": {"b": 1}}, "list": [1, [2]], "dicts": [{"a": [{"b": 1}]}], "mixed": [1, {"a": 1}, [{}]]}, {}),
    ],
    "rerun_with_latest_version": [(True, {}), (False, {})],
    "schedule": [
        *((value, {}) for value in ("@once", "0 6 * * mon-fri", "*/5 * * * * 30", "@midnight", "0 0 L * *")),
        *((f"@{value}ly", {}) for value in ("hour", "week", "month", "quarter", "year")),
        ("@daily", START),
        ("@continuous", {"max_active_runs": 1}),
        ({"interval_s": 21600}, {}),
        ({"interval_s": 1.5}, {}),
        *(({"assets": [asset]}, {}) for asset in ASSETS),
        ({"assets": ASSETS}, {}),
        ({"condition": ASSET}, {}),
        ({"condition": {"any": [{"all": ASSETS[:3]}, {"any": [ASSETS[3]]}, ASSETS[4]]}}, {}),
    ],
    "start_date": [("2026-01-01T00:00:00+00:00", {}), ("2026-10-25T02:30:00+01:00", {"timezone": 3600})],
    "tags": [([], {}), (["b", "a", "b"], {})],
    "timezone": [
        ("UTC", {"start_date": "2026-07-01T00:00:00+00:00"}),
        ("Asia/Kathmandu", {"start_date": "2026-07-01T00:00:00+05:45"}),
        ("Etc/GMT+12", {"start_date": "2026-07-01T00:00:00-12:00"}),
        (0, {"start_date": "2026-07-01T00:00:00+00:00"}),
        (-19800, {"start_date": "2026-07-01T00:00:00-05:30"}),
        ("America/New_York", {"start_date": "2026-07-01T00:00:00-04:00", "schedule": "0 6 * * *"}),
    ],
}
#: Values of every option of a task.
TASK: dict[str, list[Any]] = {
    "arguments": [
        [
            {"name": "x", "kind": "xcom", "task_id": "begin"},
            {"name": "y", "kind": "literal", "value": [{"a": None}, 1.5]},
        ],
        [{"name": "z", "kind": "literal", "value": {"__type": "dict", "__var": {}}}],
    ],
    "depends_on_past": [True, False],
    "do_xcom_push": [True, False],
    **{f"doc{ending}": ["", "A text, ä"] for ending in ("", "_json", "_md", "_rst", "_yaml")},
    "end_date": ["2027-01-01T00:00:00+02:00", "2026-12-31T00:00:00+00:00", "2028-01-01T00:00:00+00:00"],
    "execution_timeout_s": [60, 0.5],
    "executor": ["LocalExecutor"],
    "executor_config": [{}, {"a": {"b": [1]}}],
    "group": ["g"],
    "ignore_first_depends_on_past": [True, False],
    "inlets": [[], ASSETS],
    "kind": ["branch", "short_circuit", "setup", "teardown"],
    "mapped": [
        {"x": {"values": [1, {"a": [2]}, [{"b": 3}]]}, "y": {"values": {"a": {"b": 1}}}},
        {"x": {"xcom": "begin"}, "y": {"length": 300}},
        {"x": {"values": []}},
    ],
    "max_active_tis_per_dag": [2],
    "max_active_tis_per_dagrun": [2],
    "max_retry_delay_s": [3600, 1.5],
    "multiple_outputs": [True, False],
    "on_failure_fail_dagrun": [True, False],
    "outlets": [[], ASSETS, [ASSET, ASSET, {"alias": "c"}, {"alias": "c", "group": "g"}]],
    "owner": ["ann", "airflow"],
    "pool": ["small", "default_pool"],
    "pool_slots": [2, 1],
    "priority_weight": [-7, 1, 2**31 - 2],
    "queue": ["large", "default", "dagfloe"],
    "retries": [3, 0],
    "retry_delay_s": [1.5, 300, 0],
    "retry_exponential_backoff": [True, False, 3.5, 2, 1, 0],
    "start_date": ["2025-01-01T00:00:00+02:00", "2026-03-29T00:30:00+00:00", "2026-04-01T00:00:00+00:00"],
    "task_display_name": ["A name"],
    "trigger_rule": ["all_done", "all_success", "always", "all_done_setup_success"],
    "upstream": [["begin"]],
    "wait_for_downstream": [True, False],
    "wait_for_past_depends_before_skipping": [True, False],
    "weight_rule": ["absolute", "downstream", "upstream"],
}
#: What a stub file says in another way, by the place.
STUB_DIFFERENCES = {
    r"\$\.dag\.access_control\..*": "the permissions are lists, and Airflow keeps them as they are",
    r"\$\.dag\.task_group\.children\.e: only actual": "a stub file has only the groups of its tasks",
    r"\$\.task load\._arg_bindings: only actual": "stubs are called without arguments, which the bundle binds",
}
#: Only the bundle needs it.
UNSERIALIZED = {"has_retry_policy"}


def manifest(declared: dict[str, Any]) -> dict[str, Any]:
    """A manifest with one Dag."""
    sdk = {"name": "dagfloe", "language": "python", "version": "1", "supervisor_schema_version": "2026-10-30"}
    return {"sdk": sdk, "dags": {"etl": {"tasks": list(declared["tasks"]), "declaration": declared}}}


def of_task(options: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A declaration with a task that has some options, and another task before it."""
    prefix = "g." if "group" in options else ""
    needs = {"kind": "teardown"} if "on_failure_fail_dagrun" in options else {}
    groups = {"groups": ["g"]} if prefix else {}
    task = {"upstream": ["begin"], **needs, **options}
    return {"tasks": {"begin": {}, f"{prefix}load": task}, **groups, **more}


def mapped(options: dict[str, Any]) -> dict[str, Any]:
    """The same for a mapped task."""
    return of_task({"mapped": {"x": {"values": [1, 2]}}, **options})


def cases() -> dict[str, dict[str, Any]]:
    """Declarations with every option of Dags, tasks and mapped tasks."""
    found: dict[str, dict[str, Any]] = {"least": {"tasks": {"load": {}}}}
    for name, values in DAG.items():
        for number, (value, more) in enumerate(values):
            found[f"{name}-{number}"] = {"tasks": {"load": {}}, **more, name: value}
    for name, values in TASK.items():
        for number, value in enumerate(values):
            found[f"task-{name}-{number}"] = of_task({name: value})
            if name not in ("mapped", "arguments"):
                found[f"mapped-{name}-{number}"] = mapped({name: value})
            if name.endswith("_date"):
                dates = {**START, "end_date": "2026-12-31T00:00:00+00:00"}
                found[f"dates-{name}-{number}"] = of_task({name: value}, **dates)
    params = {"params": {"n": 1}, "param_schemas": {"m": {"schema": {"type": "string"}}}}
    found["params of tasks"] = of_task({"mapped": {"x": {"length": 1}}}, **params)
    return found


def read(airflow: Airflow, declared: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A Dag as dagfloe serializes it, and what Airflow makes of it: of the declaration, the stub file and the Dag."""
    bundle = manifest(declared)
    check_dag(bundle, "etl")
    native = serialize_dag(bundle, "etl")
    stub = render_stub(bundle)
    answer = airflow.ask(declared={"dag_id": "etl", **declared}, python=stub, serialized=as_answer(native))
    assert [answer.get(f"{name}_error") for name in ("declared", "python", "serialized")] == [None, None, None]
    return native, answer


@pytest.mark.parametrize("declared", cases().values(), ids=cases())
def test_option(airflow: Airflow, declared: dict[str, Any]) -> None:
    """An option is serialized as Airflow serializes it, and Airflow reads it."""
    original = deepcopy(declared)
    native, answer = read(airflow, declared)
    assert declared == original
    assert unequal(native, answer["declared"]) == []
    assert differences(answer["serialized"], expected(manifest(declared), "etl")) == []
    of_stub = unequal(native, answer["python"]["etl"])
    assert [place for place in of_stub if not any(re.fullmatch(known, place) for known in STUB_DIFFERENCES)] == []


def test_every_option() -> None:
    """Each option that a manifest may declare has a case here."""
    assert {*DAG, "tasks"} == SCHEMA["declaration"]["properties"].keys()
    assert {*TASK, *UNSERIALIZED} == SCHEMA["task"]["properties"].keys()


@pytest.mark.parametrize("name", [*DAG, *TASK])
def test_option_matters(name: str) -> None:
    """Each option changes what is serialized: none is forgotten."""
    if name in DAG:
        changed = [
            ({**more, "tasks": more.get("tasks", {"load": {}}), name: value}, {"tasks": {"load": {}}, **more})
            for value, more in DAG[name]
        ]
    else:
        bare = {"on_failure_fail_dagrun": {"kind": "teardown"}}.get(name, {})
        changed = [(of_task({name: value}), of_task(bare)) for value in TASK[name]]
        if name == "upstream":
            changed = [(of_task({}), {"tasks": {"begin": {}, "load": {}}})]
    pairs = [[serialize_dag(manifest(each), "etl") for each in pair] for pair in changed]
    assert any(with_it != without for with_it, without in pairs)


def test_differences(airflow: Airflow) -> None:
    """Each difference that the table allows exists."""
    seen = set()
    for declared in (of_task({"kind": "branch"}), mapped({})):
        native, answer = read(airflow, declared)
        python = answer["declared"]
        for difference in DIFFERENCES:
            field = difference.field
            tasks = [[task["__var"] for task in side["dag"]["tasks"]] for side in (native, python)]
            if difference.place == "dag":
                sides = [(native["dag"], python["dag"])]
            elif difference.place == "task":
                sides = list(zip(*(sorted(side, key=lambda task: str(task["task_id"])) for side in tasks), strict=True))
            else:
                sides = list(zip(*([task.get("partial_kwargs", {}) for task in side] for side in tasks), strict=True))
            if any(ours.get(field) != theirs.get(field) for ours, theirs in sides):
                seen.add(difference)
    assert seen == set(DIFFERENCES)
