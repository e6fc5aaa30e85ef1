"""`dagfloe run`: the conf, the params, the logical date and the tasks that are marked as successful."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from dagfloe.cli.commands.run import run
from support.raw_bundle import write_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

#: Logs what the supervisor says about the run.
PROGRAM = """
begin()
dag_run = details["ti_context"]["dag_run"]
log("run " + json.dumps([dag_run["conf"], str(dag_run["logical_date"]), str(dag_run["data_interval_start"])]))
if details["ti"]["task_id"] == "fails":
    sys.exit(1)
succeed()
"""
MANIFEST = """
airflow_bundle_metadata_version: "1.0"
dags: {d: {tasks: TASKS, declaration: DECLARATION}}
sdk: {language: python, name: dagfloe, version: "1", supervisor_schema_version: "2026-06-16"}
source: raw.py
"""


def bundle(folder: Path, tasks: dict[str, Any], **declared: Any) -> str:
    """Write a bundle file with a Dag."""
    manifest = MANIFEST.replace("TASKS", json.dumps(list(tasks)))
    manifest = manifest.replace("DECLARATION", json.dumps({"tasks": tasks, **declared}))
    return str(write_bundle(folder / "raw", PROGRAM, manifest))


def invoke(*args: str) -> Result:
    return CliRunner().invoke(run, args)


def read_run(result: Result) -> list[Any]:
    """Return the conf, the logical date and the start of the data interval that the task saw."""
    found = re.search(r"raw: run (.*)$", result.output, re.MULTILINE)
    assert found, result.output
    seen: list[Any] = json.loads(found[1])
    return seen


def states(result: Result) -> dict[str, str]:
    """Return the states in the summary."""
    table = result.output.partition("return_value\n")[2].partition("\n\n")[0]
    return {line.split()[0]: line.split()[1] for line in table.splitlines()}


# Conf and params


def test_conf(tmp_path: Path) -> None:
    """`--param` replaces keys of `--conf`, and both those of the seed. The conf has no defaults, as in Airflow."""
    path = bundle(tmp_path, {"t": {}}, params={"limit": 5, "table": "orders"})
    seed = tmp_path / "seed.toml"
    seed.write_text("[params]\na = 1\nb = 1\nc = 1\nd = 1\n\n[conf]\nb = 2\nc = 2\nd = 2\n")
    result = invoke(path, "--seed", str(seed), "-c", '{"c": 3, "d": 3, "e": {"f": [null]}}', "--param", "d=4")
    assert result.exit_code == 0, result.output
    assert read_run(result)[0] == {"a": 1, "b": 2, "c": 3, "d": 4, "e": {"f": [None]}}
    assert read_run(invoke(path))[0] == {}


SCHEMAS = {
    "limit": {"schema": {"type": "integer", "minimum": 1}},
    "day": {"schema": {"enum": ["monday", "friday"]}, "description": "the day"},
    "mail": {"schema": {"type": ["string", "null"], "format": "email"}},
    "code": {"schema": {"type": "string"}},
}
DEFAULTS = {"limit": 5, "mail": None, "code": "0"}


@pytest.mark.parametrize(
    ("args", "conf"),
    [
        (["--param", "day=monday"], {"day": "monday"}),
        (["--conf", '{"day": "friday", "limit": 1}'], {"day": "friday", "limit": 1}),
        (
            ["--param", "day=friday", "--param", "mail=a@b", "--param", "more=x"],
            {"day": "friday", "mail": "a@b", "more": "x"},
        ),
    ],
)
def test_valid_params(tmp_path: Path, args: list[str], conf: dict[str, Any]) -> None:
    """The run starts if the values and the other defaults fit the schemas; keys without a schema may have any value."""
    result = invoke(bundle(tmp_path, {"t": {}}, params=DEFAULTS, param_schemas=SCHEMAS), *args)
    assert result.exit_code == 0, result.output
    assert read_run(result)[0] == conf


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "the Dag 'd' has no value for its param 'day': pass --param day=VALUE"),
        (
            ["--param", "day=hunter2"],
            "the Dag 'd' refuses the value of its param 'day': must be one of 'monday', 'friday'; pass --param day=",
        ),
        (["-c", '{"day": "monday", "limit": "hunter2"}'], "param 'limit': must be of type integer, not string; pass"),
        (["-c", '{"day": "monday", "limit": 0}'], "param 'limit': does not fit 'minimum': 1; pass --param limit=VALUE"),
        (
            ["--param", "day=monday", "--param", "code=5"],
            "param 'code': must be of type string, not integer; pass --param 'code=\"TEXT\"'",
        ),
        (["-c", '{"day": "monday", "mail": 5}'], "param 'mail': must be of type string or null, not integer; pass"),
        (["-c", '{"day": "monday", "mail": "hunter2"}'], "param 'mail': does not fit 'format': 'email'; pass"),
    ],
)
def test_wrong_params(tmp_path: Path, args: list[str], message: str) -> None:
    """A param without a value, or with one that its schema refuses, is a usage error that shows no value."""
    result = invoke(bundle(tmp_path, {"t": {}}, params=DEFAULTS, param_schemas=SCHEMAS), *args)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert "hunter2" not in result.output
    assert "state" not in result.output


def test_wrong_default(tmp_path: Path) -> None:
    """A default that does not fit its schema stops every run, as in Airflow."""
    result = invoke(bundle(tmp_path, {"t": {}}, params={"limit": 0}, param_schemas={"limit": SCHEMAS["limit"]}))
    assert result.exit_code == 2
    assert "pass --param limit=VALUE, or correct its default" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("conf", "message"),
    [
        ("hunter2", "it is not valid JSON: Expecting value: line 1 column 1"),
        ("[1]", "it is not a JSON object"),
        ('{"a": NaN}', "'a' is not finite"),
        ('{"a": 1' + "0" * 30 + "}", "'a' is too large a number"),
        ('{"a": ' + "[" * 100_000, "it is nested too deeply"),
        ("\udcff", "it is not UTF-8"),
    ],
)
def test_wrong_conf(tmp_path: Path, conf: str, message: str) -> None:
    """A conf that no run can have is a usage error."""
    result = invoke(bundle(tmp_path, {"t": {}}), "--conf", conf)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert "hunter2" not in result.output


# The logical date


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2026-01-31", "2026-01-31 00:00:00+00:00"),
        ("2026-01-31T12:30:00Z", "2026-01-31 12:30:00+00:00"),
        ("2026-01-31T12:30:00+02:00", "2026-01-31 10:30:00+00:00"),
    ],
)
def test_logical_date(tmp_path: Path, text: str, date: str) -> None:
    """The run has the logical date, and a data interval at it. A date without an offset is in UTC."""
    result = invoke(bundle(tmp_path, {"t": {}}), "--logical-date", text)
    assert result.exit_code == 0, result.output
    assert read_run(result)[1:] == [date, date]


@pytest.mark.parametrize("text", ["tomorrow", "", "0001-01-01T00:00:00+02:00"])
def test_wrong_date(tmp_path: Path, text: str) -> None:
    """What is not a date that Airflow can store is a usage error."""
    result = invoke(bundle(tmp_path, {"t": {}}), "--logical-date", text)
    assert result.exit_code == 2
    assert "Invalid value for '--logical-date'" in result.output


# Tasks that are marked as successful


def test_mark_success(tmp_path: Path) -> None:
    """Tasks whose whole task_id matches do not run, and let those after them run. They push nothing to map over."""
    tasks: dict[str, Any] = {
        "fails": {},
        "fails_too": {"upstream": ["fails"]},
        "last": {"upstream": ["fails"]},
        "mapped": {"upstream": ["fails"], "mapped": {"row": {"xcom": "fails"}}},
        "twice": {"upstream": ["fails"], "mapped": {"row": {"values": [1, 2]}}},
    }
    result = invoke(bundle(tmp_path, tasks), "--mark-success-pattern", "fails|twice")
    assert states(result) == {
        "fails": "success",
        "fails_too": "success",
        "last": "success",
        "mapped": "upstream_failed",
        "twice[0]": "success",
        "twice[1]": "success",
    }
    assert re.search(r"^fails +success *$", result.output, re.MULTILINE)
    assert re.search(r"state +fails success$", result.output, re.MULTILINE)
    assert "fails_too running" in result.output
    assert states(invoke(bundle(tmp_path, {"fails": {}}), "--mark-success-pattern", "ail")) == {"fails": "failed"}


def test_wrong_pattern(tmp_path: Path) -> None:
    """What is not a regular expression is a usage error."""
    result = invoke(bundle(tmp_path, {"t": {}}), "--mark-success-pattern", "(")
    assert result.exit_code == 2
    assert "it is not a regular expression" in result.output


# Setup and teardown


def test_teardown(tmp_path: Path) -> None:
    """A teardown runs after a failure, and does not decide the state of the run; nor does its own failure."""
    tasks: dict[str, Any] = {
        "open": {"kind": "setup"},
        "fails": {"upstream": ["open"]},
        "load": {"upstream": ["fails"]},
        "close": {"kind": "teardown", "upstream": ["open", "load"]},
    }
    result = invoke(bundle(tmp_path, tasks))
    assert states(result) == {"open": "success", "fails": "failed", "load": "upstream_failed", "close": "success"}
    assert result.exit_code == 1
    tasks = {"open": {"kind": "setup"}, "load": {"upstream": ["open"]}}
    tasks["fails"] = {"kind": "teardown", "upstream": ["open", "load"]}
    assert invoke(bundle(tmp_path, tasks)).exit_code == 0
    tasks["fails"]["on_failure_fail_dagrun"] = True
    assert invoke(bundle(tmp_path, tasks)).exit_code == 1
