"""Declarations that follow the schema, or nearly, and that no Dag can have: every command says so in one message."""

from __future__ import annotations

import ast
import hashlib
from typing import TYPE_CHECKING, Any

import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dagfloe.cli.tool import main
from dagfloe.format.trailer import Trailer

if TYPE_CHECKING:
    import pytest

NAMES = st.sampled_from(["a", "b", "g.a", "g", "", "\x1b[31m", "x" * 300, "é\n", "__init__", "../x", "a.b.c"])
NUMBERS = st.sampled_from([0, 1, -1, 1e300, 1e18, float("inf"), float("nan"), 10**50, 0.1, 2**63])
DATES = st.sampled_from(
    ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-01-01T00:00:00+00:00", "2026-99-01T0+00:00"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | NAMES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=6,
)
ASSETS = st.lists(st.dictionaries(st.sampled_from(["name", "uri", "alias"]), NAMES, min_size=1), max_size=2)
MAPPED = (
    st.fixed_dictionaries({"xcom": NAMES})
    | st.fixed_dictionaries({"values": st.lists(VALUES, max_size=2) | st.dictionaries(NAMES, VALUES, max_size=2)})
    | st.fixed_dictionaries({"length": NUMBERS})
)
TASKS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("retries", "retry_delay_s", "max_retry_delay_s", "execution_timeout_s"), NUMBERS),
        **dict.fromkeys(("priority_weight", "pool_slots"), NUMBERS),
        **dict.fromkeys(("group", "trigger_rule", "pool", "owner", "queue", "doc_md"), NAMES),
        **dict.fromkeys(("inlets", "outlets"), ASSETS),
        "retry_exponential_backoff": st.booleans(),
        "upstream": st.lists(NAMES, max_size=2),
        "mapped": st.dictionaries(NAMES, MAPPED, min_size=1, max_size=2),
        "kind": st.sampled_from(["branch", "short_circuit"]),
    },
)
DECLARATIONS = st.fixed_dictionaries(
    {"tasks": st.dictionaries(NAMES, TASKS, max_size=4)},
    optional={
        **dict.fromkeys(("start_date", "end_date"), DATES),
        **dict.fromkeys(("timezone", "description"), NAMES),
        **dict.fromkeys(("dagrun_timeout_s", "max_active_runs"), NUMBERS),
        **dict.fromkeys(("tags", "groups"), st.lists(NAMES, max_size=2)),
        "params": st.dictionaries(NAMES, VALUES, max_size=2),
        "schedule": NAMES
        | st.dictionaries(st.just("interval_s"), NUMBERS)
        | st.dictionaries(st.just("assets"), ASSETS),
    },
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@example({"tasks": {"t": {"inlets": [{"name": "a", "uri": "b", "alias": "c"}]}}}, [], "d")
@given(DECLARATIONS, st.lists(NAMES, max_size=3), NAMES)
def test_any_declaration(
    tmp_path_factory: pytest.TempPathFactory, declaration: dict[str, Any], more_tasks: list[str], dag_id: str
) -> None:
    """No command has a traceback or prints a control character, and a stub is code that Python can read."""
    folder = tmp_path_factory.mktemp("hostile")
    manifest = {
        "airflow_bundle_metadata_version": "1.0",
        "bundle": {"name": dag_id, "version": dag_id},
        "sdk": {"language": "python", "name": "dagfloe", "version": "1", "supervisor_schema_version": "2026-06-16"},
        "source": "tasks.py",
        "dags": {dag_id: {"tasks": [*declaration["tasks"], *more_tasks], "declaration": declaration}},
    }
    text, program = yaml.safe_dump(manifest).encode(), b"#!/bin/sh\nexit 1\n"
    file = folder / "file"
    file.write_bytes(program + text + Trailer(0, len(text), hashlib.sha256(program).digest()).pack())
    file.chmod(0o755)
    run = ("run", "--max-wait", "0", "--report", str(folder / "run.html"))
    for command in (("inspect",), ("inspect", "--json"), ("verify",), ("stub",), run):
        result = CliRunner().invoke(main, [*command, str(file)])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert "defect of dagfloe" not in result.stderr
        assert "\x1b" not in result.output
        if command == ("stub",) and result.exit_code == 0:
            ast.parse(result.output)
