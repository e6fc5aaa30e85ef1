"""Airflow's own code, in a process that serializes and deserializes Dags on request, and what it must answer."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgpack

from support.blocks import ROOT

ANSWER_TIMEOUT_S = 60
READER = ROOT / "tests" / "native" / "airflow_reader.py"
#: `make test` creates it.
PYTHON = ROOT / ".venvs" / "airflow-3.4.0b2" / "bin" / "python"


class Airflow:
    """The process."""

    def __init__(self) -> None:
        assert PYTHON.exists(), f"{PYTHON} is missing: run `make .venvs/airflow-3.4.0b2/.installed`"
        self._process = subprocess.Popen(
            [PYTHON, READER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "COVERAGE"))},
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request to `airflow_reader.py`; wait for its answer."""
        process = self._process
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            assert selector.select(ANSWER_TIMEOUT_S), f"Airflow does not answer within {ANSWER_TIMEOUT_S} s"
        line = process.stdout.readline()
        assert line, f"Airflow's process ended with status {process.wait(5)}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(ANSWER_TIMEOUT_S)
        self._process.stdout.close()


def as_answer(native: dict[str, Any]) -> dict[str, Any]:
    """A serialized Dag as Airflow gets it: through a frame, and with the place of its file."""
    data: dict[str, Any] = msgpack.unpackb(msgpack.packb(native))
    data["dag"] |= {"fileloc": "/dags/etl", "relative_fileloc": "etl"}
    return data


class Difference(NamedTuple):
    """A field in which a Dag that dagfloe serializes may differ from one that Airflow serializes.

    Attributes:
        place: `dag`, `task`, or `partial`, which are the options of a mapped task.
        field: the field.
        sides: `airflow` if only Airflow's may have it, `dagfloe` if only dagfloe's, or `both` for any values.
        reason: why.
    """

    place: str
    field: str
    sides: str
    reason: str


_CLASS = "the class of the operator: Airflow shows it and imports nothing"
_PYTHON = "belongs to the Python function of a stub, which Airflow never calls"
_SETTING = "Airflow fills it in from its settings, which a bundle cannot read"
#: Everything else is equal.
DIFFERENCES = (
    Difference("dag", "_processor_dags_folder", "airflow", "the Dags folder of the Airflow that reads a Python file"),
    Difference("dag", "fileloc", "airflow", "the launcher adds it, because only the request names the file"),
    Difference("dag", "catchup", "airflow", _SETTING),
    Difference("dag", "disable_bundle_versioning", "airflow", _SETTING),
    Difference("dag", "max_active_runs", "airflow", _SETTING),
    Difference("dag", "max_active_tasks", "airflow", _SETTING),
    Difference("dag", "max_consecutive_failed_dag_runs", "airflow", _SETTING),
    Difference("task", "task_type", "both", _CLASS),
    Difference("task", "_task_module", "both", _CLASS),
    Difference("task", "_operator_name", "airflow", _CLASS),
    Difference("task", "template_fields", "both", _PYTHON),
    Difference("task", "template_fields_renderers", "airflow", _PYTHON),
    Difference("task", "python_callable_name", "airflow", _PYTHON),
    Difference("task", "op_args", "airflow", _PYTHON),
    Difference("task", "op_kwargs", "airflow", _PYTHON),
    Difference("partial", "op_args", "airflow", _PYTHON),
    Difference("partial", "op_kwargs", "airflow", _PYTHON),
    Difference("task", "has_retry_policy", "airflow", "always false, which is the default; the bundle asks the policy"),
    Difference("task", "is_stub", "airflow", "only with arguments; the bundle binds those of other tasks itself"),
    Difference("task", "_can_skip_downstream", "dagfloe", "a stub does not say that its task is a branch"),
)


def unequal(native: dict[str, Any], airflow: dict[str, Any]) -> list[str]:
    """The places in which a Dag that dagfloe serialized differs from Airflow's, beyond `DIFFERENCES`."""
    places = _places(native), _places(airflow)
    for difference in DIFFERENCES:
        for name in [name for name in places[0] if name[0] == difference.place and name in places[1]]:
            ours, theirs = places[0][name], places[1][name]
            if difference.sides == "both" or (difference.sides == "airflow" and difference.field not in ours):
                theirs.pop(difference.field, None)
            if difference.sides == "both" or (difference.sides == "dagfloe" and difference.field not in theirs):
                ours.pop(difference.field, None)
    ours, theirs = ({" ".join(name): fields for name, fields in side.items()} for side in places)
    return differences(ours, theirs)


def _places(data: dict[str, Any]) -> dict[tuple[str, ...], dict[str, Any]]:
    """The Dag, its tasks and their params, each for itself: neither the order of tasks nor that of params matters."""
    dag = {name: value for name, value in data["dag"].items() if name != "tasks"}
    places: dict[tuple[str, ...], dict[str, Any]] = {("version",): {"version": data["__version"]}, ("dag",): dag}
    for item in data["dag"]["tasks"]:
        assert item["__type"] == "operator"
        fields = dict(item["__var"])
        places["task", fields["task_id"]] = fields
        if "partial_kwargs" in fields:
            places["partial", fields["task_id"]] = dict(fields.pop("partial_kwargs"))
    for name, fields in list(places.items()):
        for param, value in fields.pop("params", []):
            places[("param", *name, param)] = {**value, "default": _decoded(value["default"])}
    return places


def _decoded(default: Any) -> Any:
    """A param's default. Airflow encodes mappings in a list, but decodes them only if all its items are mappings."""
    if isinstance(default, list):
        return [_decoded(item) for item in default]
    if isinstance(default, dict):
        is_typed = default.keys() == {"__type", "__var"} and default["__type"] == "dict"
        items = default["__var"] if is_typed else default
        return {name: _decoded(item) for name, item in items.items()}
    return default


def differences(actual: Any, wanted: Any, path: str = "$") -> list[str]:
    """The places in which two JSON values differ. True is not 1."""
    if isinstance(actual, dict) and isinstance(wanted, dict):
        return [
            difference
            for key in sorted({*actual, *wanted})
            for difference in (
                differences(actual[key], wanted[key], f"{path}.{key}")
                if key in actual and key in wanted
                else [f"{path}.{key}: only {'actual' if key in actual else 'wanted'}"]
            )
        ]
    if isinstance(actual, list) and isinstance(wanted, list) and len(actual) == len(wanted):
        pairs = enumerate(zip(actual, wanted, strict=True))
        return [difference for index, pair in pairs for difference in differences(*pair, f"{path}[{index}]")]
    is_same = actual == wanted and isinstance(actual, bool) == isinstance(wanted, bool)
    return [] if is_same else [f"{path}: {actual!r}, wanted {wanted!r}"]


def expected(manifest: dict[str, Any], dag_id: str) -> dict[str, Any]:
    """What `airflow_reader.py` says of a Dag that Airflow has read: the declaration with all defaults of Airflow."""
    declared = manifest["dags"][dag_id]["declaration"]
    tasks = declared["tasks"]
    fields = {name: declared.get(name, default) for name, default in _DAG_DEFAULTS.items()}
    fields["dagrun_timeout_s"] = _duration(declared.get("dagrun_timeout_s"))
    return fields | {
        "access_control": {
            role: {name: sorted(set(permissions)) for name, permissions in resources.items()}
            for role, resources in declared["access_control"].items()
        }
        if "access_control" in declared
        else None,
        "allowed_run_types": sorted(declared.get("allowed_run_types", ())),
        "dag_display_name": declared.get("dag_display_name", dag_id),
        "dag_id": dag_id,
        "deadline": [_deadline(item) for item in declared.get("deadline", ())],
        "end_date": _moment(declared.get("end_date")),
        "groups": _group(None, declared, tasks),
        "params": _params(declared, None),
        "schedule": _schedule(declared),
        "start_date": _moment(declared.get("start_date")),
        "tags": sorted(set(declared.get("tags", ()))),
        "tasks": {task_id: _task(task_id, declared, tasks) for task_id in tasks},
        "timezone": _zone(declared),
    }


_DAG_DEFAULTS: dict[str, Any] = {
    "catchup": False,
    "description": None,
    "disable_bundle_versioning": False,
    "doc_md": None,
    "edge_labels": {},
    "fail_fast": False,
    "is_paused_upon_creation": None,
    "max_active_runs": 16,
    "max_active_tasks": 16,
    "max_consecutive_failed_dag_runs": 0,
    "owner_links": {},
    "rerun_with_latest_version": None,
}
_TASK_DEFAULTS: dict[str, Any] = {
    "depends_on_past": False,
    "do_xcom_push": True,
    "doc": None,
    "doc_json": None,
    "doc_md": None,
    "doc_rst": None,
    "doc_yaml": None,
    "executor": None,
    "executor_config": {},
    "ignore_first_depends_on_past": False,
    "max_active_tis_per_dag": None,
    "max_active_tis_per_dagrun": None,
    "on_failure_fail_dagrun": False,
    "owner": "airflow",
    "pool": "default_pool",
    "pool_slots": 1,
    "priority_weight": 1,
    "queue": "dagfloe",
    "retries": 0,
    "trigger_rule": "all_success",
    "wait_for_downstream": False,
    "wait_for_past_depends_before_skipping": False,
    "weight_rule": "downstream",
}
_PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}


def _moment(iso: str | None) -> float | None:
    return None if iso is None else datetime.fromisoformat(iso).timestamp()


def _duration(seconds: float | None) -> float | None:
    return None if seconds is None else timedelta(seconds=seconds).total_seconds()


def _zone(declared: dict[str, Any]) -> str | int:
    return declared.get("timezone", "UTC") or "UTC"


def _schedule(declared: dict[str, Any]) -> Any:
    schedule = declared.get("schedule")
    if isinstance(schedule, dict):
        if "interval_s" in schedule:
            return {"interval_s": _duration(schedule["interval_s"])}
        return {"condition": _asset(schedule.get("condition") or {"all": schedule["assets"]})}
    if schedule in (None, "@once", "@continuous"):
        return schedule
    return {"cron": _PRESETS.get(schedule, schedule), "timezone": _zone(declared)}


def _asset(declared: dict[str, Any]) -> dict[str, Any]:
    for kind in ("all", "any"):
        if kind in declared:
            return {kind: [_asset(item) for item in declared[kind]]}
    if "alias" in declared:
        return {"group": "asset", **declared}
    return {"group": "asset", "extra": {}, **declared} if {"name", "uri"} <= declared.keys() else declared


def _deadline(declared: dict[str, Any]) -> dict[str, Any]:
    reference = declared["reference"]
    if reference == "dagrun_logical_date":
        reference = {"reference_type": "DagRunLogicalDateDeadline"}
    elif reference == "dagrun_queued_at":
        reference = {"reference_type": "DagRunQueuedAtDeadline"}
    elif "fixed_datetime" in reference:
        reference = {"reference_type": "FixedDatetimeDeadline", "datetime": _moment(reference["fixed_datetime"])}
    else:
        reference = {"reference_type": "AverageRuntimeDeadline", **reference["average_runtime"]}
    return {
        "callback": declared["callback"],
        "executor": declared.get("executor"),
        "interval": _duration(declared["interval_s"])
        if "interval_s" in declared
        else {"variable": declared["interval_variable"]},
        "is_sync": "is_sync" in declared,
        "kwargs": declared.get("kwargs", {}),
        "name": declared.get("name"),
        "queue": declared.get("queue"),
        "reference": reference,
    }


def _params(declared: dict[str, Any], source: str | None) -> dict[str, Any]:
    defaults, schemas = declared.get("params", {}), declared.get("param_schemas", {})
    return {
        name: {
            "default": {"value": defaults[name]} if name in defaults else None,
            "description": schemas.get(name, {}).get("description"),
            "schema": schemas.get(name, {}).get("schema", {}),
            "source": source,
        }
        for name in [*defaults, *schemas]
    }


def _group(group_id: str | None, declared: dict[str, Any], tasks: dict[str, Any]) -> dict[str, Any]:
    children: dict[str, Any] = {task_id: "task" for task_id, task in tasks.items() if task.get("group") == group_id}
    for child_id in declared.get("groups", ()):
        if (child_id.rpartition(".")[0] or None) == group_id:
            children[child_id] = _group(child_id, declared, tasks)
    return {
        "children": children,
        "doc_md": None,
        "edges": [],
        "group_display_name": "",
        "group_id": group_id,
        "tooltip": "",
        "ui_color": "CornflowerBlue",
        "ui_fgcolor": "#000",
        **declared.get("group_options", {}).get(group_id, {}),
    }


def _task(task_id: str, dag: dict[str, Any], tasks: dict[str, Any]) -> dict[str, Any]:
    declared = tasks[task_id]
    kind = declared.get("kind")
    fields = {name: declared.get(name, default) for name, default in _TASK_DEFAULTS.items()}
    starts = [_moment(each["start_date"]) for each in (dag, declared) if "start_date" in each]
    ends = [_moment(each["end_date"]) for each in (dag, declared) if "end_date" in each]
    backoff = declared.get("retry_exponential_backoff", 0)
    fields |= {
        "arguments": declared.get("arguments", []),
        "can_skip_downstream": kind in ("branch", "short_circuit"),
        "downstream": sorted(other for other, task in tasks.items() if task_id in task.get("upstream", ())),
        "end_date": min(ends, default=None),  # type: ignore[type-var]
        "execution_timeout": _duration(declared.get("execution_timeout_s")),
        "group": declared.get("group"),
        "inlets": [_asset(item) for item in declared.get("inlets", ())],
        "is_setup": kind == "setup",
        "is_stub": bool(declared.get("arguments")),
        "is_teardown": kind == "teardown",
        "mapped": {name: _mapped(source) for name, source in declared["mapped"].items()}
        if "mapped" in declared
        else None,
        "max_retry_delay": _duration(declared.get("max_retry_delay_s")),
        "multiple_outputs": None if "mapped" in declared else declared.get("multiple_outputs", False),
        "needs_expansion": "mapped" in declared,
        "outlets": [_asset(item) for item in declared.get("outlets", ())],
        "params": _params(dag, "dag"),
        "retry_delay": _duration(declared.get("retry_delay_s", 300)),
        "retry_exponential_backoff": 2.0 if backoff is True else float(backoff),
        "start_date": max(starts, default=None),  # type: ignore[type-var]
        "task_display_name": declared.get("task_display_name", task_id),
        "upstream": sorted(declared.get("upstream", ())),
    }
    if kind == "teardown":
        fields["trigger_rule"] = "all_done_setup_success"
    if declared.get("wait_for_downstream"):
        fields["depends_on_past"] = True
    return fields


def _mapped(source: dict[str, Any]) -> dict[str, Any]:
    if "xcom" in source:
        return {"xcom": source["xcom"], "key": "return_value"}
    return {"values": source["values"] if "values" in source else list(range(source["length"]))}
