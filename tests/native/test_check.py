"""The checks of native Dags."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest

from dagfloe import Bundle
from dagfloe.errors import RegistrationError
from dagfloe.format.errors import NativeDagError, PackError
from dagfloe.native.check import check_bundle, check_dag

WHERE = "Dag 'etl'"
TASK = "Dag 'etl', task 'load'"


def manifest(declared: dict[str, Any], dag_id: str = "etl", **more: Any) -> dict[str, Any]:
    """A manifest with one Dag."""
    declared = {"tasks": {"load": {}}, **declared}
    dag = {"tasks": list(declared["tasks"]), "declaration": declared, **more}
    return {"sdk": {"name": "dagfloe"}, "dags": {dag_id: dag}}


def task(**options: Any) -> dict[str, Any]:
    """A declaration with a task `extract`, and one after it with these options."""
    return {"tasks": {"extract": {}, "load": {"upstream": ["extract"], **options}}}


def deadline(**options: Any) -> dict[str, Any]:
    """A declaration with a deadline."""
    fields = {"callback": "a.b", "reference": "dagrun_queued_at", "interval_s": 1, **options}
    return {"deadline": [fields]}


def param(schema: dict[str, Any], *defaults: Any, **dag: Any) -> dict[str, Any]:
    """A declaration with a param."""
    return {"param_schemas": {"n": {"schema": schema}}, "params": dict.fromkeys("n" * len(defaults), *defaults), **dag}


ASSET = {"name": "a", "uri": "a"}
PROBLEMS: dict[str, tuple[dict[str, Any], str]] = {
    # values
    "zero character": (
        {"description": "a\0"},
        (
            f"{WHERE}, declaration, description: a string contains a zero character, "
            "which Airflow's database refuses: remove it"
        ),
    ),
    "surrogate in a key": (
        {"params": {"\ud800": 1}},
        (
            f"{WHERE}, declaration, params: a key: a string contains a lone surrogate, "
            "which has no form in UTF-8: remove it"
        ),
    ),
    "large integer": (
        {"params": {"n": 2**63}},
        f"{WHERE}, declaration, params, n: an integer has more than 64 bits: pass it as a string",
    ),
    "infinity": (
        {"params": {"n": [float("inf")]}},
        f"{WHERE}, declaration, params, n: the number inf has no JSON form: use None or a string",
    ),
    "tuple": (
        {"params": {"n": (1,)}},
        (
            f"{WHERE}, declaration, params, n: a value of type tuple has no JSON form: "
            "use strings, numbers, lists and dicts"
        ),
    ),
    "key": (
        {"params": {"n": {1: 2}}},
        f"{WHERE}, declaration, params, n: the key 1 is not a string: use strings",
    ),
    # the Dag
    "tag": ({"tags": ["t" * 101]}, f"{WHERE}: the tag '{'t' * 30}'... has 101 characters: Airflow allows 100"),
    "display name": (
        {"dag_display_name": "d" * 2001},
        f"{WHERE}: the dag_display_name has 2001 characters, and Airflow's database holds 2000: shorten it",
    ),
    "limit of a Dag": (
        {"max_active_runs": 2**31},
        f"{WHERE}: the max_active_runs is 2147483648, and Airflow's database holds numbers up to 2147483647: use less",
    ),
    "timeout of a Dag": (
        {"dagrun_timeout_s": 1e10},
        f"{WHERE}: the dagrun_timeout is longer than 100 years: use a shorter one",
    ),
    "owners": (
        {"tasks": {f"t{number}": {"owner": f"{number}" + "o" * 999} for number in range(3)}},
        f"{WHERE}: the names of all owners have 3004 characters, and Airflow's database holds 2000: use fewer owners",
    ),
    "owner link": (
        {"owner_links": {"ann": "a.b"}},
        f"{WHERE}: the link 'a.b' of the owner 'ann' is not complete: write https://... or mailto:...",
    ),
    "mail link": (
        {"owner_links": {"ann": "mailto:"}},
        f"{WHERE}: the link 'mailto:' of the owner 'ann' is not complete: write https://... or mailto:...",
    ),
    "wrong link": (
        {"owner_links": {"ann": "http://["}},
        f"{WHERE}: the link 'http://[' of the owner 'ann' is not valid: Invalid IPv6 URL",
    ),
    "long link": (
        {"owner_links": {"ann": "https://" + "a" * 500}},
        f"{WHERE}: the owner 'ann' or its link is longer than 500 characters: shorten it",
    ),
    "group id": (
        {"groups": ["a b"]},
        f"{WHERE}: Airflow refuses the group_id 'a b': use only letters, digits, underscores and hyphens",
    ),
    "group and task": (
        {"groups": ["load"]},
        f"{WHERE}: the task 'load' has an id that the task group 'load' needs: rename the task",
    ),
    "join id": (
        {"tasks": {"g.upstream_join_id": {"group": "g"}}},
        f"{WHERE}: the task 'g.upstream_join_id' has an id that the task group 'g' needs: rename the task",
    ),
    "prefix": (
        {"tasks": {"load": {"group": "g"}}},
        f"{WHERE}: task 'load' is in the group 'g', but its task_id does not begin with the group's id",
    ),
    "group options": (
        {"group_options": {"g": {}}},
        f"{WHERE}: it has options of the task group 'g', but no such group",
    ),
    "callback": (
        deadline(callback="a b"),
        f"{WHERE}: a deadline: the callback 'a b' is not the dotted name of a function",
    ),
    "callback's context": (
        deadline(kwargs={"context": 1}),
        f"{WHERE}: a deadline: Airflow passes `context` to the callback itself: rename the key in `kwargs`",
    ),
    "callback's class": (
        deadline(kwargs={"a": [{"__type": 1}]}),
        f"{WHERE}: a deadline: Airflow reads the key '__type' in `kwargs` as the name of a class: rename it",
    ),
    "deadline's interval": (
        deadline(interval_s=-1e10),
        f"{WHERE}: a deadline: its interval is longer than 100 years: use a shorter one",
    ),
    "deadline's date": (
        deadline(reference={"fixed_datetime": "2300-01-01T00:00:00+00:00"}),
        (
            f"{WHERE}: a deadline: the fixed_datetime is 2300-01-01T00:00:00+00:00: "
            "use a date from 1900-01-01 to 2200-01-01"
        ),
    ),
    "deadline's name": (
        deadline(name="n" * 251),
        f"{WHERE}: a deadline: the name has 251 characters, and Airflow's database holds 250: shorten it",
    ),
    # the schedule
    "cron": (
        {"schedule": "61 * * * *"},
        (
            f"{WHERE}: the schedule '61 * * * *' is not a cron expression: "
            "[61 * * * *] is not acceptable, out of range. Use five fields, or one of @hourly, @daily, @weekly, "
            "@monthly, @quarterly, @yearly, @once, @continuous"
        ),
    ),
    "preset": (
        {"schedule": "@sometimes"},
        (
            f"{WHERE}: the schedule '@sometimes' is not a cron expression: "
            "Exactly 5, 6 or 7 columns has to be specified for iterator expression. "
            "Use five fields, or one of @hourly, @daily, @weekly, @monthly, @quarterly, "
            "@yearly, @once, @continuous"
        ),
    ),
    "cron without a date": (
        {"schedule": "0 0 30 2 *"},
        f"{WHERE}: the schedule '0 0 30 2 *' has no next date: correct the cron expression",
    ),
    "random cron": (
        {"schedule": "R 6 * * *"},
        f"{WHERE}: Airflow would draw the times of the schedule 'R 6 * * *' again and again: replace the `R`",
    ),
    "interval": (
        {"schedule": {"interval_s": 0}},
        f"{WHERE}: the schedule's interval is 0 s: use 1 second to 100 years",
    ),
    "no assets": (
        {"schedule": {"assets": []}},
        f"{WHERE}: the schedule lists no asset: name one, or leave the schedule out",
    ),
    "continuous": (
        {"schedule": "@continuous"},
        f"{WHERE}: the schedule '@continuous' allows one run at a time: pass max_active_runs=1",
    ),
    "time zone": (
        {"timezone": "Europe/Atlantis"},
        (
            f"{WHERE}: the time zone 'Europe/Atlantis' is unknown: "
            "use a name from the IANA database, such as Europe/Berlin"
        ),
    ),
    "offset": ({"timezone": 86400}, f"{WHERE}: the time zone has an offset of 86400 s: use less than a day"),
    "no date": (
        {"start_date": "2026-13-01T00:00:00+00:00"},
        f"{WHERE}: the start_date '2026-13-01T00:00:00+00:00' is not a date in ISO form with an offset",
    ),
    "naive date": (
        {"start_date": "2026-01-01T00:00:00"},
        f"{WHERE}: the start_date '2026-01-01T00:00:00' is not a date in ISO form with an offset",
    ),
    "early date": (
        {"start_date": "0001-01-01T00:00:00+14:00"},
        f"{WHERE}: the start_date is 0001-01-01T00:00:00+14:00: use a date from 1900-01-01 to 2200-01-01",
    ),
    "late date": (
        {"end_date": "9999-12-31T00:00:00-05:00"},
        f"{WHERE}: the end_date is 9999-12-31T00:00:00-05:00: use a date from 1900-01-01 to 9999-12-30",
    ),
    "order of dates": (
        {"start_date": "2026-01-02T00:00:00+00:00", "end_date": "2026-01-01T00:00:00+00:00"},
        f"{WHERE}: the start_date 2026-01-02T00:00:00+00:00 is after the end_date 2026-01-01T00:00:00+00:00",
    ),
    "catchup": ({"schedule": "@daily", "catchup": True}, f"{WHERE}: catchup needs a start_date: pass one"),
    "run type": (
        {"allowed_run_types": ["manual", "hourly"]},
        (
            f"{WHERE}: the run type 'hourly' in allowed_run_types is unknown: use backfill, "
            "scheduled, manual, operator_triggered, asset_triggered, asset_materialization"
        ),
    ),
    "manual runs": (
        {"allowed_run_types": ["scheduled"]},
        f"{WHERE}: allowed_run_types lacks 'manual', which its schedule needs: add it",
    ),
    "scheduled runs": (
        {"allowed_run_types": ["manual"], "schedule": {"interval_s": 60}},
        f"{WHERE}: allowed_run_types lacks 'scheduled', which its schedule needs: add it",
    ),
    "triggered runs": (
        {"allowed_run_types": ["manual"], "schedule": {"assets": [ASSET]}},
        f"{WHERE}: allowed_run_types lacks 'asset_triggered', which its schedule needs: add it",
    ),
    # assets
    "blank asset": (
        {"schedule": {"condition": {"any": [ASSET, {"alias": "\t"}]}}},
        f"{WHERE}: the schedule: an asset's alias is blank: name it",
    ),
    "long asset": (
        task(inlets=[{"name": "n" * 1501}]),
        f"{TASK}: inlets: an asset's name has 1501 characters: Airflow allows 1500",
    ),
    "reserved asset": (
        task(outlets=[{"name": "self", "uri": "a"}]),
        f"{TASK}: outlets: Airflow reserves the name 'self': choose another name for the asset",
    ),
    "reserved scheme": (
        task(outlets=[{"name": "a", "uri": "airflow://a"}]),
        f"{TASK}: outlets: Airflow reserves the scheme of the uri 'airflow://a': choose another one",
    ),
    "wrong URI": (
        task(outlets=[{"name": "a", "uri": "s3://["}]),
        f"{TASK}: outlets: the uri of an Asset, 's3://[', is not a URI: Invalid IPv6 URL",
    ),
    "URI that Airflow changes": (
        task(outlets=[{"name": "a", "uri": "S3://me:secret@shop/a/?b=2&a=1#c"}]),
        (
            f"{TASK}: outlets: Airflow stores the URI 'S3://me:secret@shop/a/?b=2&a=1#c' as 's3://shop/a?a=1&b=2': "
            "write it so"
        ),
    ),
    # params
    "required param": (
        param({"type": "string"}, schedule="@daily"),
        f"{WHERE}, param 'n': a Dag with a schedule needs a default for each param: pass one",
    ),
    "default": (
        param({"type": "integer"}, "a"),
        f"{WHERE}, param 'n': the default does not follow the schema: 'a' is not of type 'integer'",
    ),
    "default None": (
        param({"type": "integer"}, None, schedule="@daily"),
        f"{WHERE}, param 'n': the default does not follow the schema: None is not of type 'integer'",
    ),
    "date": (
        param({"format": "date"}, "2026-02-30"),
        f"{WHERE}, param 'n': the default does not follow the schema: '2026-02-30' is not a 'date'",
    ),
    "duration": (
        param({"format": "duration"}, "PT"),
        f"{WHERE}, param 'n': the default does not follow the schema: 'PT' is not a 'duration'",
    ),
    "host name": (
        param({"format": "idn-hostname"}, "-a.b"),
        f"{WHERE}, param 'n': the default does not follow the schema: '-a.b' is not a 'idn-hostname'",
    ),
    "schema": (
        param({"type": "text"}, "a"),
        f"{WHERE}, param 'n': its schema is not valid: 'text' is not valid under any of the given schemas",
    ),
    "key of a schema": (
        param({"source": "x"}, "a"),
        f"{WHERE}, param 'n': Airflow does not take the key 'source' in a schema: remove it",
    ),
    "remote schema": (
        param({"anyOf": [{"$ref": "https://a.b/c"}]}, "a"),
        f"{WHERE}, param 'n': Airflow would have to load 'https://a.b/c': include the schema itself",
    ),
    "reference to nowhere": (
        param({"$ref": "#/nowhere"}, "a"),
        (
            f"{WHERE}, param 'n': the default cannot be checked against the schema: "
            "PointerToNowhere: '/nowhere' does not exist within {'$ref': '#/nowhere'}"
        ),
    ),
    # the graph
    "unknown upstream": (
        {"tasks": {"load": {"upstream": ["extract"]}}},
        f"{TASK}: it follows 'extract', which is not a task of the Dag",
    ),
    "upstream twice": (task(upstream=["extract", "extract"]), f"{TASK}: it follows 'extract' twice"),
    "cycle": (
        {"tasks": {"a": {"upstream": ["c"]}, "b": {"upstream": ["a"]}, "c": {"upstream": ["b"]}}},
        f"{WHERE}: tasks follow each other in a cycle: 'a' -> 'b' -> 'c' -> 'a'",
    ),
    "itself": (
        {"tasks": {"a": {"upstream": ["a"]}}},
        f"{WHERE}: tasks follow each other in a cycle: 'a' -> 'a'",
    ),
    "label": (
        {**task(), "edge_labels": {"load": {"extract": "back"}}},
        f"{WHERE}: there is a label between 'load' and 'extract', but no edge",
    ),
    "binding to a missing task": (
        task(arguments=[{"kind": "xcom", "name": "x", "task_id": "none"}]),
        f"{TASK}: 'x' is the return value of 'none', which is not a task of the Dag",
    ),
    "binding without an edge": (
        {"tasks": {"extract": {}, "load": {"arguments": [{"kind": "xcom", "name": "x", "task_id": "extract"}]}}},
        f"{TASK}: 'x' is the return value of 'extract', which it does not follow: add the edge",
    ),
    "binding to a mapped task": (
        {
            "tasks": {
                "extract": {"mapped": {"a": {"length": 1}}},
                "load": {
                    "upstream": ["extract"],
                    "arguments": [{"kind": "xcom", "name": "x", "task_id": "extract"}],
                },
            }
        },
        f"{TASK}: Airflow passes one XCom as 'x', but 'extract' is mapped and pushes many",
    ),
    "binding to no XCom": (
        {
            "tasks": {
                "extract": {"do_xcom_push": False},
                "load": {"upstream": ["extract"], "mapped": {"x": {"xcom": "extract"}}},
            }
        },
        f"{TASK}: 'x' is the return value of 'extract', which pushes none: remove do_xcom_push=False",
    ),
    "two values": (
        task(arguments=[{"kind": "literal", "name": "x", "value": 1}] * 2),
        f"{TASK}: the argument 'x' has two values",
    ),
    "rule of a teardown": (
        task(kind="teardown", trigger_rule="all_done"),
        f"{TASK}: a teardown has a trigger_rule of its own: remove 'all_done'",
    ),
    "option of teardowns": (
        task(on_failure_fail_dagrun=True),
        f"{TASK}: on_failure_fail_dagrun is an option of teardowns: remove it",
    ),
    "rule after a setup": (
        {"tasks": {"begin": {"kind": "setup"}, "load": {"upstream": ["begin"], "trigger_rule": "all_done"}}},
        f"{TASK}: it follows the setup 'begin', so Airflow allows no other trigger_rule than all_success",
    ),
    # tasks
    "task_id": (
        {"tasks": {"a b": {}}},
        (
            "Dag 'etl', task 'a b': Airflow refuses the task_id 'a b': "
            "use only letters, digits, underscores, dots and hyphens"
        ),
    ),
    "pool": (
        task(pool="p" * 257),
        f"{TASK}: the pool has 257 characters, and Airflow's database holds 256: shorten it",
    ),
    "type": (task(retries=3.0), f"{TASK}: the retries is 3.0, expected an int"),
    "retries": (
        task(retries=2**31),
        f"{TASK}: the retries is 2147483648, and Airflow's database holds numbers up to 2147483647: use less",
    ),
    "retry delay": (task(retry_delay_s=1e300), f"{TASK}: the retry_delay is longer than 100 years: use a shorter one"),
    "date of a task": (
        task(start_date="1066-10-14T00:00:00+00:00"),
        f"{TASK}: the start_date is 1066-10-14T00:00:00+00:00: use a date from 1900-01-01 to 2200-01-01",
    ),
    "weights": (
        {"tasks": {"a": {"priority_weight": 2**31 - 1}, "b": {}}},
        f"{WHERE}: the priority_weights of its tasks add up to 2147483648, and Airflow's database holds 2147483647",
    ),
    "trigger rule": (
        task(trigger_rule="always_or_never"),
        (
            f"{TASK}: the trigger_rule 'always_or_never' is unknown: use one of all_success, all_failed, all_done, "
            "all_done_min_one_success, one_success, one_failed, one_done, none_failed, none_skipped, "
            "none_failed_min_one_success, all_skipped, always, all_done_setup_success"
        ),
    ),
    "fail_fast": (
        {**task(trigger_rule="all_done"), "fail_fast": True},
        f"{TASK}: a Dag with fail_fast allows no other trigger_rule than all_success: remove 'all_done'",
    ),
    "mapped and always": (
        task(trigger_rule="always", mapped={"x": {"xcom": "extract"}}),
        f"{TASK}: it is mapped over a return value, so Airflow refuses the trigger_rule 'always': choose another",
    ),
}


@pytest.mark.parametrize(("declared", "problem"), PROBLEMS.values(), ids=PROBLEMS)
def test_problem(declared: dict[str, Any], problem: str) -> None:
    """Each problem has one message, which says where it is and what to do."""
    with pytest.raises(NativeDagError) as raised:
        check_dag(manifest(declared), "etl")
    assert str(raised.value) == problem
    assert isinstance(raised.value, PackError)


def test_depth() -> None:
    """A value that Airflow's recursive functions cannot read is refused, at any depth."""
    value: Any = 1
    for _ in range(10_000):
        value = [value]
    with pytest.raises(NativeDagError, match="nested deeper than 40 levels: flatten it"):
        check_dag(manifest({"params": {"n": value}}), "etl")


@pytest.mark.parametrize(
    "declared",
    [
        {},
        {"schedule": "@once"},
        {"schedule": "@continuous", "max_active_runs": 1},
        {"schedule": "0 6 * * mon-fri", "timezone": "Europe/Berlin", "start_date": "2026-01-01T00:00:00+01:00"},
        {"schedule": "*/5 * * * * 30", "timezone": 19800, "start_date": "2026-01-01T00:00:00+05:30"},
        {"end_date": "9999-12-30T00:00:00+00:00"},
        {"allowed_run_types": ["manual"], "schedule": None},
        {"owner_links": {"ann": "mailto:ann@a.b"}},
        param({"type": "string"}),
        param({"type": "string"}, None),
        param({"format": "duration"}, "P1Y2M3DT4H5M6.7S"),
        param({"format": "duration"}, 7),
        param({"format": "idn-hostname"}, "münchen.de."),
        param({"$defs": {"a": {"type": "integer"}}, "$ref": "#/$defs/a"}, 7),
        task(outlets=[{"name": "a", "uri": "X-thing://A/"}, {"uri": "s3://a/"}, {"alias": "b"}, {"name": "c"}]),
        task(kind="teardown", on_failure_fail_dagrun=True),
        task(kind="teardown", trigger_rule="all_done_setup_success"),
        {**task(kind="teardown"), "fail_fast": True},
        deadline(reference={"average_runtime": {"max_runs": 2, "min_runs": 1}}, kwargs={"a": [{"b": 1}]}),
    ],
)
def test_no_problem(declared: dict[str, Any]) -> None:
    """What Airflow takes is not refused."""
    check_dag(manifest(declared), "etl")


def test_dag_id() -> None:
    """A Dag's own id is checked, too."""
    with pytest.raises(NativeDagError, match=re.escape("Dag 'a b': Airflow refuses the dag_id 'a b'")):
        check_dag(manifest({}, "a b"), "a b")


def test_unlisted_task() -> None:
    """The tasks that the manifest lists are those that it declares."""
    bundle = manifest({})
    bundle["dags"]["etl"]["tasks"] = []
    with pytest.raises(NativeDagError, match="it declares the task 'load', which the manifest does not list"):
        check_dag(bundle, "etl")


def test_no_declaration() -> None:
    """A manifest of another SDK, or of an old version, declares no Dags."""
    bundle = manifest({})
    del bundle["dags"]["etl"]["declaration"]
    with pytest.raises(NativeDagError, match="Dag 'etl': the manifest does not declare it: build the bundle"):
        check_dag(bundle, "etl")


def test_bundle() -> None:
    """Only native Dags of a bundle are checked, and the message names all problems up to ten."""
    bad = {"tasks": {f"t{number}": {"trigger_rule": "never"} for number in range(12)}}
    check_bundle(manifest(bad))
    with pytest.raises(NativeDagError) as raised:
        check_bundle(manifest(bad, is_native=True))
    first, *others, last = str(raised.value).splitlines()
    assert first.startswith("Dag 'etl', task 't0': the trigger_rule 'never' is unknown")
    assert len(others) == 9
    assert last == "and 2 more problems"


def test_same_dag_id_twice() -> None:
    """Two Dags with one id, which would end Airflow's Dag processor, cannot be in one bundle."""
    bundle = Bundle()
    bundle.dag("etl")
    with pytest.raises(RegistrationError, match="etl"):
        bundle.dag("etl")


@pytest.mark.parametrize(
    ("module", "declared"),
    [("croniter", {"schedule": "61 * * * *"}), ("jsonschema", param({"type": "text"}, 1))],
)
def test_package_is_missing(monkeypatch: pytest.MonkeyPatch, module: str, declared: dict[str, Any]) -> None:
    """A bundle file may lack a package that a check needs: the tool has it."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError):
        check_dag(manifest(declared), "etl")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    check_dag(manifest(declared), "etl")


def test_fields_of_a_cron_expression(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package that reads cron expressions, their fields are counted at least."""
    monkeypatch.setitem(sys.modules, "croniter", None)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    for schedule in ("@daily", "@midnight", "0 0 * * *", "0 0 * * * 30", "0 0 * * * 30 2027"):
        check_dag(manifest({"schedule": schedule}), "etl")
    for schedule in ("nonsense", "0 0 * *", "0 0 * * * 30 2027 1"):
        with pytest.raises(NativeDagError, match="is not a cron expression: its number of fields is"):
            check_dag(manifest({"schedule": schedule}), "etl")
