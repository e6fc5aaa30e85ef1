"""The text of stub Dag files."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagfloe.format.errors import StubError
from dagfloe.format.manifest import parse_manifest, render_manifest, validate_manifest
from dagfloe.stub.dag_file import render_stub

#: Everything that a stub Dag file may call, beside the functions that it defines.
CALLABLE = {
    "Asset",
    "Asset.ref",
    "AssetAlias",
    "DAG",
    "TaskGroup",
    "list",
    "pendulum.datetime",
    "pendulum.timezone",
    "range",
    "task.stub",
    "timedelta",
}


def manifest(**dags: Any) -> dict[str, Any]:
    """A manifest of these Dags."""
    made = {
        "airflow_bundle_metadata_version": "1.0",
        "bundle": {"name": "sales", "version": "1.2"},
        "dags": dags,
        "digests": {"cache": "ab" * 32},
        "sdk": {"language": "python", "name": "dagfloe", "version": "1", "supervisor_schema_version": "2026-06-16"},
        "source": "tasks.py",
    }
    validate_manifest(made)
    return made


def dag(tasks: dict[str, Any], **declared: Any) -> dict[str, Any]:
    """A Dag of a manifest."""
    return {"tasks": list(tasks), "declaration": {**declared, "tasks": tasks}}


def stub(tasks: dict[str, Any], **declared: Any) -> str:
    """The stub of one Dag, below the imports."""
    return render_stub(manifest(sales=dag(tasks, **declared))).partition("\nwith DAG")[2]


def is_formatted(text: str) -> bool:
    """Whether `ruff format` leaves a text as it is."""
    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "--stdin-filename", "stub.py", "-"]
    answer = subprocess.run(ruff, input=text.encode(), capture_output=True, check=True, timeout=30)
    return answer.stdout.decode() == text


def test_everything() -> None:
    """A Dag that declares everything."""
    tasks: dict[str, Any] = {
        "extract": {"retries": 2, "retry_delay_s": 300.0, "owner": "ann", "queue": "big", "has_retry_policy": True},
        "prepare.clean": {"kind": "branch", "group": "prepare", "upstream": ["extract"], "pool": "p", "pool_slots": 2},
        "prepare.inner.sort": {"group": "prepare.inner", "upstream": ["prepare.clean"], "trigger_rule": "all_done"},
        "load": {
            "mapped": {"item": {"xcom": "extract"}, "day": {"values": [1, "b"]}, "row": {"length": 3}},
            "upstream": ["extract", "prepare.inner.sort"],
            "execution_timeout_s": 1.5,
        },
        "report": {"upstream": ["load"], "outlets": [{"name": "n", "uri": "s3://u"}, {"alias": "a"}, {"name": "r"}]},
    }
    text = render_stub(
        manifest(
            sales=dag(
                tasks,
                schedule="@daily",
                start_date="2026-01-01T00:00:00+01:00",
                timezone="Europe/Berlin",
                end_date="2027-01-01T12:30:00+02:00",
                catchup=False,
                description='The "best"',
                doc_md="# Sales\n",
                tags=["a"],
                params={"limit": 10, "deep": {"x": [None, True, -1.5]}},
                max_active_runs=1,
                max_active_tasks=4,
                dagrun_timeout_s=5400.0,
                groups=["prepare", "prepare.inner"],
            )
        )
    )
    assert text == EVERYTHING
    assert is_formatted(text)


EVERYTHING = """\
# Made by `dagfloe stub` from bundle "sales", version "1.2"; make it again instead of changing it.
# Cache digest: abababababababababababababababababababababababababababababababab

from datetime import timedelta

import pendulum
from airflow.sdk import DAG, Asset, AssetAlias, TaskGroup, task

with DAG(
    "sales",
    description='The "best"',
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
    end_date=pendulum.datetime(2027, 1, 1, 12, 30, tz=pendulum.timezone(7200)),
    catchup=False,
    tags=["a"],
    params={"deep": {"x": [None, True, -1.5]}, "limit": 10},
    max_active_runs=1,
    max_active_tasks=4,
    dagrun_timeout=timedelta(minutes=90),
    doc_md="# Sales\\n",
) as sales_dag:

    @task.stub(queue="big", retries=2, retry_delay=timedelta(minutes=5), owner="ann")
    def extract(): ...

    @task.stub(task_id="clean", queue="dagfloe", pool="p", pool_slots=2)
    def prepare_clean(): ...

    @task.stub(task_id="sort", queue="dagfloe", trigger_rule="all_done")
    def prepare_inner_sort(): ...

    @task.stub(queue="dagfloe", execution_timeout=timedelta(seconds=1.5))
    def load(day, item, row): ...

    @task.stub(
        queue="dagfloe",
        outlets=[Asset(name="n", uri="s3://u"), AssetAlias("a"), Asset.ref(name="r")],
    )
    def report(): ...

    extract_task = extract()
    with TaskGroup("prepare"):
        prepare_clean_task = prepare_clean()
        with TaskGroup("inner"):
            prepare_inner_sort_task = prepare_inner_sort()
    load_task = load.expand(day=[1, "b"], item=extract_task, row=list(range(3)))

    extract_task >> prepare_clean_task >> prepare_inner_sort_task >> load_task
    load_task >> report()
"""


def test_simple_dag_reads_as_by_hand() -> None:
    """Two tasks without options."""
    assert (
        stub({"extract": {}, "load": {"upstream": ["extract"]}})
        == """\
("sales", schedule=None) as sales_dag:

    @task.stub(queue="dagfloe")
    def extract(): ...

    @task.stub(queue="dagfloe")
    def load(): ...

    extract() >> load()
"""
    )


def test_other_sdk() -> None:
    """A bundle of another SDK gives its tasks, and a comment that its edges are not known."""
    other = manifest(orders={"tasks": ["a", "b"]})
    del other["bundle"]
    other["sdk"] = {"language": "go", "version": "1", "supervisor_schema_version": "2026-06-16"}
    text = render_stub(other)
    assert "from a bundle of the go SDK" in text
    assert "# The bundle's manifest only names its tasks" in text
    assert text.endswith("    a()\n    b()\n")
    assert is_formatted(text)


def test_queue() -> None:
    """The queue that is asked for goes before the one that a task declares."""
    made = manifest(d=dag({"a": {"queue": "own"}, "b": {}}))
    assert [line.strip() for line in render_stub(made).splitlines() if "queue=" in line] == [
        '@task.stub(queue="own")',
        '@task.stub(queue="dagfloe")',
    ]
    assert render_stub(made, queue="all").count('@task.stub(queue="all")') == 2


def test_long_texts() -> None:
    """A text of several lines that is too long for one is written as it is read."""
    text = render_stub(manifest(d=dag({}, doc_md="# Sales\n\n" + "Of all shops. " * 5 + "\n")))
    assert (
        f"""\
    doc_md=(
        "# Sales\\n"
        "\\n"
        "{"Of all shops. " * 5}\\n"
    ),
"""
        in text
    )
    assert is_formatted(text)


def test_chosen_dags() -> None:
    """Only the Dags that were asked for are written; all of them in the order of their ids."""
    made = manifest(b=dag({"x": {}}), a=dag({"x": {}}))
    assert [line.split('"')[1] for line in render_stub(made).splitlines() if "DAG(" in line] == ["a", "b"]
    assert '"a"' not in render_stub(made, ["b"])


def test_names() -> None:
    """Ids that are no names, keywords, or names of the file's own get other names, and keep their ids."""
    text = stub({"class": {}, "task": {}, "2nd-try": {}, "é": {}, "a.b": {}, "a-b": {}, "__name__": {}})
    pairs = [line.strip() for line in text.splitlines() if "task.stub" in line or "def " in line]
    assert pairs == [
        '@task.stub(task_id="class", queue="dagfloe")',
        "def class_(): ...",
        '@task.stub(task_id="task", queue="dagfloe")',
        "def task_(): ...",
        '@task.stub(task_id="2nd-try", queue="dagfloe")',
        "def task_2nd_try(): ...",
        '@task.stub(task_id="é", queue="dagfloe")',
        "def task_2(): ...",
        '@task.stub(task_id="a.b", queue="dagfloe")',
        "def a_b(): ...",
        '@task.stub(task_id="a-b", queue="dagfloe")',
        "def a_b_2(): ...",
        '@task.stub(task_id="__name__", queue="dagfloe")',
        "def name__(): ...",
    ]


def test_mapped_over_a_later_task() -> None:
    """A task is called after the one that it is mapped over, whose group is opened anew."""
    text = stub(
        {
            "g.load": {"group": "g", "mapped": {"item": {"xcom": "extract"}}},
            "g.a": {"group": "g"},
            "extract": {},
            "g.b": {"group": "g"},
        }
        | {"g.c": {"group": "g", "mapped": {"item": {"xcom": "z"}}}, "z": {}},
        groups=["g"],
    )
    calls = text[text.index("    with TaskGroup") :]
    assert (
        calls
        == """\
    with TaskGroup("g") as g_group:
        g_a()
    extract_task = extract()
    with g_group:
        g_load.expand(item=extract_task)
        g_b()
    z_task = z()
    with g_group:
        g_c.expand(item=z_task)
"""
    )


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ({"a": {"upstream": ["b"]}}, "task 'a' follows 'b', which the manifest does not list"),
        ({"a": {"mapped": {"x": {"xcom": "b"}}}}, "task 'a' follows 'b', which the manifest does not list"),
        ({"a": {"mapped": {"x": {"xcom": "a"}}}}, "task 'a' is mapped over what comes after it"),
        ({"a": {}, "b": {"mapped": {"x": {"xcom": "a"}}, "trigger_rule": "always"}}, "trigger_rule 'always': choose"),
        ({"a": {"group": "g"}}, "task 'a' is said to be in the group 'g'"),
        ({"a": {"retry_delay_s": 1e300}}, "is too long"),
    ],
)
def test_what_does_not_fit(tasks: dict[str, Any], message: str) -> None:
    """A manifest whose parts do not fit together is told of, not written."""
    with pytest.raises(StubError, match=message):
        stub(tasks)


lines = st.lists(st.text("ab'\"\\ \r", max_size=40), min_size=1, max_size=6).map("\n".join).filter(bool)
texts = (
    st.text(min_size=1, max_size=60)
    | lines
    | st.sampled_from(['"""', "'", '"', "\\", "\n# x\nimport os", "{x}", "\u202e"])
)
ids = st.text("ab_-.é9", min_size=1, max_size=8) | st.sampled_from(["class", "task", "DAG", "list", "x" * 250])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
seconds = st.floats(0, 1e8)
asset_lists = st.lists(
    st.fixed_dictionaries({"name": texts, "uri": texts}) | st.fixed_dictionaries({"alias": texts}),
    min_size=1,
    max_size=3,
)
task_options = st.fixed_dictionaries(
    {},
    optional={
        "retries": st.integers(0, 99),
        "retry_delay_s": seconds,
        "pool": texts,
        "owner": texts,
        "queue": texts,
        "doc_md": texts,
        "trigger_rule": texts,
        "outlets": asset_lists,
        "inlets": asset_lists,
        "mapped": st.dictionaries(texts, st.fixed_dictionaries({"values": st.lists(values, max_size=3)}), min_size=1),
    },
)
dag_options = st.fixed_dictionaries(
    {},
    optional={
        "schedule": texts
        | st.fixed_dictionaries({"assets": asset_lists})
        | st.fixed_dictionaries({"interval_s": seconds}),
        "start_date": st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
        "description": texts,
        "doc_md": texts,
        "params": st.dictionaries(texts, values, max_size=4),
        "tags": st.lists(texts, max_size=4),
        "catchup": st.booleans(),
        "dagrun_timeout_s": seconds,
    },
)


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """Any manifest, with edges from earlier tasks to later ones."""
    dags = {}
    for dag_id in draw(st.lists(ids, min_size=1, max_size=2, unique=True)):
        tasks: dict[str, Any] = {}
        for task_id in draw(st.lists(ids, max_size=6, unique=True)):
            upstream = draw(st.lists(st.sampled_from(list(tasks)), unique=True)) if tasks else []
            tasks[task_id] = {**draw(task_options), **({"upstream": upstream} if upstream else {})}
        dags[dag_id] = dag(tasks, **draw(dag_options))
    made = manifest(**dags)
    made["bundle"] = {"name": draw(texts), "version": draw(texts)}
    return made


@settings(max_examples=25, deadline=None)
@given(manifests())
def test_any_manifest_is_formatted(made: dict[str, Any]) -> None:
    """Whatever a manifest holds, a formatter finds nothing to do."""
    assert is_formatted(render_stub(made))


@given(manifests())
def test_any_manifest(made: dict[str, Any]) -> None:
    """Whatever a manifest holds, the text compiles, is always the same, and holds nothing but data in known calls."""
    text = render_stub(made)
    assert text == render_stub(made)
    tree = ast.parse(text)
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called in CALLABLE or called.removesuffix(".expand") in defined
        elif isinstance(node, ast.FunctionDef):
            assert ast.unparse(node.body[0]) == "..."
            assert not node.args.defaults
    assert {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)} <= {"airflow.sdk", "datetime"}
    assert {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names} <= {
        "pendulum"
    }


@given(manifests())
def test_the_file_and_its_project_give_the_same(made: dict[str, Any]) -> None:
    """The manifest of a file is sorted, and the metadata of its project is not: the text is the same."""
    assert render_stub(parse_manifest(render_manifest(made))) == render_stub(made)


@given(st.dictionaries(texts, values, max_size=4), texts)
def test_data_is_kept(params: dict[str, Any], doc: str) -> None:
    """What is written is the same value again."""
    made = ast.parse(render_stub(manifest(d=dag({}, params=params, doc_md=doc))))
    (call,) = (node for node in ast.walk(made) if isinstance(node, ast.Call))
    written = {keyword.arg: keyword.value for keyword in call.keywords}
    assert ast.literal_eval(written["params"]) == params
    assert ast.literal_eval(written["doc_md"]) == doc
