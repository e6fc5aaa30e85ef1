"""Strategies for hypothesis: whole declarations of Dags, as manifests contain them, with every option."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from dagfloe.authoring.scheduling.dag_options import RUN_TYPES
from dagfloe.authoring.scheduling.options import TRIGGER_RULES
from support.strategies import finite, int64, nested

#: What Airflow's database can hold.
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=12)
json_values = nested(st.none() | st.booleans() | int64 | finite | text, text)
json_dicts = st.dictionaries(text, json_values, max_size=3)
#: Names of parameters that no key of Airflow's context has.
names = st.text("bcxyz_", min_size=1, max_size=4)
local_ids = st.text("abcxyzABC019_-äß", min_size=1, max_size=6)
seconds = st.integers(0, 10**6) | st.floats(0, 1e6)
_zones = st.none() | st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC", "Etc/GMT+12"])
_naive = st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1))  # noqa: DTZ001 - the strategies add a time zone
_offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
dates = st.builds(lambda date, zone: date.replace(tzinfo=zone), _naive, _offsets).map(datetime.isoformat)

#: Airflow stores these as they are.
_names = {"name": words, "uri": local_ids | local_ids.map("s3://shop/{}".format)}
assets = st.fixed_dictionaries(_names, optional={"group": words, "extra": json_dicts})
references = st.fixed_dictionaries({"name": words}) | st.fixed_dictionaries({"uri": words})
aliases = st.fixed_dictionaries({"alias": words}, optional={"group": words})
any_asset = assets | references | aliases
conditions = st.recursive(
    any_asset,
    lambda inner: st.builds(
        lambda kind, items: {kind: items}, st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
)
_cron_fields = [
    st.sampled_from(["*", "0", "*/15", "5,35", "10-20"]),
    st.sampled_from(["*", "6", "*/2", "0-6"]),
    st.sampled_from(["*", "1", "L", "28"]),
    st.sampled_from(["*", "1", "jan-mar", "*/3"]),
    st.sampled_from(["*", "0", "7", "mon-fri"]),
]
schedules = st.one_of(
    st.sampled_from(["@once", "@continuous", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly"]),
    st.tuples(*_cron_fields).map(" ".join),
    st.sampled_from(["0 6 * * fri#2", "30 5 * * * 15", "@midnight", "0 12 29 2 *"]),
    st.fixed_dictionaries({"interval_s": st.integers(1, 10**7) | st.floats(1, 1e7)}),
    st.fixed_dictionaries({"assets": st.lists(any_asset, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"condition": conditions}),
)
_references = st.one_of(
    st.sampled_from(["dagrun_logical_date", "dagrun_queued_at"]),
    st.fixed_dictionaries({"fixed_datetime": dates}),
    st.fixed_dictionaries(
        {"average_runtime": st.fixed_dictionaries({"max_runs": st.integers(1, 99), "min_runs": st.integers(1, 99)})}
    ),
)


@st.composite
def deadlines(draw: st.DrawFn) -> dict[str, Any]:
    """A deadline."""
    is_sync = draw(st.booleans())
    fixed: dict[str, Any] = {"callback": st.just("package.module.function"), "reference": _references}
    fixed |= draw(
        st.sampled_from(
            [{"interval_s": st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6)}, {"interval_variable": words}]
        )
    )
    keys = text.filter(lambda key: key != "context" and not key.startswith("__"))
    values = nested(st.none() | st.booleans() | int64 | finite | text, keys)
    optional = {"name": text, "kwargs": st.dictionaries(keys, values, max_size=3)}
    optional |= {"executor": words} if is_sync else {"queue": words}
    fixed |= {"is_sync": st.just(True)} if is_sync else {}
    return draw(st.fixed_dictionaries(fixed, optional=optional))


#: Schemas of params, with defaults that follow them.
_params = st.sampled_from(
    [
        ({"type": "integer", "minimum": 1, "maximum": 9}, st.integers(1, 9)),
        ({"type": "number"}, st.integers(-9, 9) | finite),
        ({"type": "string", "minLength": 1, "maxLength": 30}, words),
        ({"type": ["string", "null"], "format": "date"}, st.none() | st.dates().map(str)),
        ({"type": "string", "format": "duration"}, st.sampled_from(["P1D", "PT1H30M", "P2W", "P1Y2M3DT4H5M6S"])),
        ({"type": "boolean", "title": "A switch", "section": "Some"}, st.booleans()),
        ({"type": "array", "items": {"type": "integer"}}, st.lists(int64, max_size=3)),
        ({"type": "object"}, json_dicts),
        ({"enum": ["a", "b", None]}, st.sampled_from(["a", "b", None])),
        ({}, json_values),
    ]
)


@st.composite
def params(draw: st.DrawFn, *, with_defaults: bool) -> dict[str, Any]:
    """The keys `params` and `param_schemas` of a declaration."""
    defaults: dict[str, Any] = draw(st.dictionaries(words, json_values, max_size=2))
    schemas: dict[str, Any] = {}
    for name in draw(st.lists(words, unique=True, max_size=3)):
        schema, values = draw(_params)
        schemas[name] = {"schema": schema, **draw(st.sampled_from([{}, {"description": "What it is"}]))}
        defaults.pop(name, None)
        if with_defaults or draw(st.booleans()):
            defaults[name] = draw(values)
    return {**({"params": defaults} if defaults else {}), **({"param_schemas": schemas} if schemas else {})}


_flags = st.booleans()
_counts = st.integers(1, 1000)
_DAG_OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "access_control": st.dictionaries(
        words, st.dictionaries(st.sampled_from(["DAGs", "DAG Runs"]), st.lists(words, max_size=3)), max_size=2
    ),
    "dag_display_name": words,
    "dagrun_timeout_s": seconds,
    "deadline": st.lists(deadlines(), min_size=1, max_size=2),
    "description": text,
    "disable_bundle_versioning": _flags,
    "doc_md": text,
    "is_paused_upon_creation": _flags,
    "max_active_runs": _counts,
    "max_active_tasks": _counts,
    "max_consecutive_failed_dag_runs": st.integers(0, 9),
    "owner_links": st.dictionaries(words, st.sampled_from(["https://a.b/c", "mailto:a@b.c"]), max_size=2),
    "rerun_with_latest_version": _flags,
    "tags": st.lists(words, max_size=3),
}
_TASK_OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "depends_on_past": _flags,
    "do_xcom_push": _flags,
    "doc": text,
    "doc_json": text,
    "doc_md": text,
    "doc_rst": text,
    "doc_yaml": text,
    "end_date": dates,
    "execution_timeout_s": seconds,
    "executor": words,
    "executor_config": json_dicts,
    "ignore_first_depends_on_past": _flags,
    "inlets": st.lists(any_asset, max_size=2),
    "max_active_tis_per_dag": _counts,
    "max_active_tis_per_dagrun": _counts,
    "max_retry_delay_s": seconds,
    "multiple_outputs": _flags,
    "outlets": st.lists(any_asset, max_size=2),
    "owner": words,
    "pool": words,
    "pool_slots": _counts,
    "priority_weight": st.integers(-(10**6), 10**6),
    "queue": words,
    "retries": st.integers(0, 99),
    "retry_delay_s": seconds,
    "retry_exponential_backoff": _flags | st.floats(0, 10) | st.integers(0, 10),
    "task_display_name": words,
    "wait_for_downstream": _flags,
    "wait_for_past_depends_before_skipping": _flags,
    "weight_rule": st.sampled_from(["absolute", "downstream", "upstream"]),
}


def some_of(options: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """A few of the options; hypothesis alone would choose half of them."""
    return st.lists(st.sampled_from(sorted(options)), unique=True, max_size=6).flatmap(
        lambda names: st.fixed_dictionaries({name: options[name] for name in names})
    )


@st.composite
def dag_declarations(draw: st.DrawFn) -> dict[str, Any]:
    """The declaration of a Dag with up to seven tasks."""
    declared: dict[str, Any] = draw(some_of(_DAG_OPTIONS))
    if draw(st.booleans()):
        declared["schedule"] = draw(schedules)
    schedule = declared.get("schedule")
    if schedule == "@continuous":
        declared["max_active_runs"] = 1
    _add_dates(draw, declared)
    if "start_date" in declared or schedule is None:
        declared |= draw(some_of({"catchup": _flags}))
    if draw(st.booleans()):
        declared |= draw(params(with_defaults=schedule is not None))
    if draw(st.integers(0, 3)) == 0:
        is_triggered = isinstance(schedule, dict) and "interval_s" not in schedule
        needed = "manual" if schedule is None else "asset_triggered" if is_triggered else "scheduled"
        more = draw(st.lists(st.sampled_from(RUN_TYPES), unique=True, max_size=3))
        declared["allowed_run_types"] = sorted({needed, *more})
    if draw(st.integers(0, 3)) == 0:
        declared["fail_fast"] = True
    _add_tasks(draw, declared)
    return declared


def _add_dates(draw: st.DrawFn, declared: dict[str, Any]) -> None:
    moments = sorted(draw(st.lists(_naive, min_size=2, max_size=2)))
    start, end = (moment.replace(tzinfo=timezone.utc) for moment in moments)
    if draw(st.booleans()):
        zone = draw(_zones)
        if zone is None:
            offset = draw(_offsets)
            declared["start_date"] = start.astimezone(offset).isoformat()
            declared["timezone"] = round(timedelta.total_seconds(offset.utcoffset(None)))
        else:
            declared["start_date"] = start.astimezone(ZoneInfo(zone)).isoformat()
            declared["timezone"] = zone
    if draw(st.booleans()):
        declared["end_date"] = end.astimezone(draw(_offsets)).isoformat()


def _add_tasks(draw: st.DrawFn, declared: dict[str, Any]) -> None:
    groups: list[str] = []
    for local_id in draw(st.lists(local_ids, unique=True, max_size=3)):
        parent = draw(st.sampled_from([None, *groups]))
        groups.append(f"{parent}.{local_id}" if parent else local_id)
    tasks: dict[str, dict[str, Any]] = {}
    taken = set(groups)
    for local_id in draw(st.lists(local_ids | st.just("a.b"), min_size=1, max_size=7)):
        group = draw(st.sampled_from([None, *groups]))
        task_id = f"{group}.{local_id}" if group else local_id
        if task_id in taken or task_id.endswith("_join_id"):
            continue
        taken.add(task_id)
        task = tasks[task_id] = draw(some_of(_TASK_OPTIONS))
        if "start_date" not in task and "end_date" not in task and draw(st.booleans()):
            task |= draw(some_of({"start_date": dates}))
        if group:
            task["group"] = group
        _connect(draw, declared, tasks, task_id)
    if groups:
        declared["groups"] = groups
        chosen = draw(st.lists(st.sampled_from(groups), unique=True, max_size=2))
        options = {
            group: draw(
                some_of(
                    {
                        "doc_md": text,
                        "group_display_name": text,
                        "tooltip": text,
                        "ui_color": words,
                        "ui_fgcolor": words,
                    }
                )
            )
            for group in chosen
        }
        if options:
            declared["group_options"] = options
    order = draw(st.permutations(list(tasks)))
    declared["tasks"] = {task_id: tasks[task_id] for task_id in order}


def _connect(draw: st.DrawFn, declared: dict[str, Any], tasks: dict[str, dict[str, Any]], task_id: str) -> None:
    """Add what depends on the tasks before: kind, edges, labels, arguments."""
    task = tasks[task_id]
    others = [other for other in tasks if other != task_id]
    upstream = draw(st.lists(st.sampled_from(others), unique=True, max_size=3)) if others else []
    if upstream:
        task["upstream"] = upstream
    kind = draw(st.sampled_from(["task", "task", "task", "branch", "short_circuit", "setup", "teardown"]))
    if kind != "task":
        task["kind"] = kind
    if kind == "teardown":
        task |= draw(some_of({"on_failure_fail_dagrun": _flags}))
    elif not declared.get("fail_fast") and not any(tasks[other].get("kind") == "setup" for other in upstream):
        task |= draw(some_of({"trigger_rule": st.sampled_from(TRIGGER_RULES)}))
    for other in upstream:
        if draw(st.integers(0, 3)) == 0:
            declared.setdefault("edge_labels", {}).setdefault(other, {})[task_id] = draw(text)
    _add_values(draw, tasks, task)


def _add_values(draw: st.DrawFn, tasks: dict[str, dict[str, Any]], task: dict[str, Any]) -> None:
    """Add what the task is mapped over, or its arguments."""
    pushing = [other for other in task.get("upstream", ()) if tasks[other].get("do_xcom_push") is not False]
    if draw(st.integers(0, 3)) == 0:
        values: st.SearchStrategy[Any] = st.lists(json_values, max_size=3) | json_dicts
        sources = [st.fixed_dictionaries({"values": values}), st.fixed_dictionaries({"length": st.integers(0, 5)})]
        if pushing and task.get("trigger_rule") != "always":
            sources.append(st.fixed_dictionaries({"xcom": st.sampled_from(pushing)}))
        task["mapped"] = draw(st.dictionaries(names, st.one_of(sources), min_size=1, max_size=3))
    elif draw(st.booleans()):
        unmapped = [other for other in pushing if "mapped" not in tasks[other]]
        kinds = [st.fixed_dictionaries({"kind": st.just("literal"), "value": json_values})]
        if unmapped:
            kinds.append(st.fixed_dictionaries({"kind": st.just("xcom"), "task_id": st.sampled_from(unmapped)}))
        arguments = draw(st.dictionaries(names, st.one_of(kinds), max_size=3))
        if arguments:
            task["arguments"] = [{"name": name, **source} for name, source in arguments.items()]
