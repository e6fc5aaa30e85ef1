"""What adopting a Dag file makes: the projects, the new Dag file, and the reasons why tasks stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dagfloe.adopt.adoption import Surroundings, adopt
from dagfloe.adopt.plan import Choice
from dagfloe.adopt.reading.source import SourceError
from dagfloe.native.check import check_bundle
from dagfloe.runtime.config import SCHEMA_VERSIONS, BundleConfig
from dagfloe.runtime.metadata import bundle_metadata

if TYPE_CHECKING:
    from dagfloe.adopt.adoption import Adoption

HEAD = """\
from airflow.sdk import DAG, dag, task

"""


def adopted(source: str, *task_ids: str, is_all: bool = False, is_native: bool = False) -> Adoption:
    """Adopt a Dag file."""
    release = "3.4" if is_native else "3.3"
    around = Surroundings(lambda _: False, lambda _, modules: {name: name for name in modules}, {}, "1.0")
    return adopt(
        (HEAD + source).encode(), "etl.py", "etl", Choice(task_ids, is_all, release, (), is_native), None, around
    )


def dag_file(adoption: Adoption) -> str:
    """The new Dag file without the imports at its top."""
    return adoption.dag_file.decode().removeprefix(HEAD)


def module(adoption: Adoption) -> str:
    """The module of the only project."""
    (files,) = adoption.files.values()
    return files["tasks.py"]


VIRTUALENV = '''\
with DAG("etl") as etl:

    @task
    def extract():
        return [1, 2]

    @task.virtualenv(requirements=["numpy==2.1.0"], retries=2)  # slow
    def transform(rows: list[int], *, factor: int = 2) -> dict[str, int]:
        """Sum the rows."""
        import numpy as np

        return {"total": factor * int(np.sum(rows))}

    transform(extract(), factor=3)
'''


def test_virtualenv() -> None:
    """The function moves word for word. The Dag file has a stub with the same parameters and options."""
    adoption = adopted(VIRTUALENV)
    assert adoption.plan.refusals == []
    assert (
        dag_file(adoption)
        == '''\
with DAG("etl") as etl:

    @task
    def extract():
        return [1, 2]

    @task.stub(retries=2, queue="etl")  # slow
    def transform(rows: list[int], *, factor: int = 2) -> dict[str, int]:
        """Sum the rows."""

    transform(extract(), factor=3)
'''
    )
    assert (
        module(adoption)
        == '''\
"""Tasks of the Dag file etl.py. `dagfloe adopt` moved them here."""

from dagfloe import Bundle

bundle = Bundle()
etl_dag = bundle.dag("etl")


@etl_dag.task(multiple_outputs=True)
def transform(rows: list[int], *, factor: int = 2) -> dict[str, int]:
    """Sum the rows."""
    import numpy as np

    return {"total": factor * int(np.sum(rows))}


with etl_dag:
    transform(etl_dag.xcom("extract"), factor=3)
'''
    )
    assert '"numpy==2.1.0",' in adoption.files["etl"]["pyproject.toml"]


def test_second_time() -> None:
    """The new Dag file has nothing more to move."""
    first = adopted(VIRTUALENV)
    second = adopted(dag_file(first))
    assert second.projects == []
    assert second.dag_file == first.dag_file


@pytest.mark.parametrize("content", [b"def f(:\n", b"\xff\xfe", b"# coding: nope\n", b"x = \x00\n", b"(" * 500])
def test_not_python(content: bytes) -> None:
    """A file that is not Python source code is an error that names it."""
    around = Surroundings(lambda _: False, lambda _, __: {}, {}, "1.0")
    with pytest.raises(SourceError, match=r"bad\.py"):
        adopt(content, "bad.py", "bad", Choice(), None, around)


# What moves with a function


def test_what_a_function_uses() -> None:
    """Imports, constants, helpers and what these use move with a function, in the order of the file; nothing else."""
    adoption = adopted(
        '''\
import functools
import json, os as system
from math import floor as down, ceil
UNUSED = 1
SIZES = {"a": 1}  # a comment
BOTH = [*SIZES, "b"]
try:
    import tomllib
except ImportError:
    tomllib = None

@functools.cache
def helper(size):
    return down(size) + len(BOTH)

class Other:
    pass

with DAG("etl"):
    LOCAL = {"x": 1}

    def inner(value):
        text = """
    stays as it is
"""
        return text, LOCAL, value

    @task
    def t(rows: "list[int]" = (1, 2)):
        return json.dumps([helper(row) for row in rows]), tomllib, system.sep, inner(rows)

    t()
''',
        is_all=True,
    )
    assert adoption.plan.refusals == []
    code = module(adoption)
    names: dict[str, object] = {}
    exec(compile(code, "tasks.py", "exec"), names)  # noqa: S102 - the module that was written
    assert "UNUSED" not in names
    assert "Other" not in names
    assert "ceil" not in names
    result = names["t"]([1.5])  # type: ignore[operator]
    assert result[0] == "[3]"
    assert result[3] == ("\n    stays as it is\n", {"x": 1}, [1.5])
    assert 'SIZES = {"a": 1}  # a comment\n' in code


def test_loops_and_factories() -> None:
    """Tasks of loops over known values, and of functions of the file, are registered one by one."""
    adoption = adopted("""\
from airflow.providers.standard.operators.python import PythonVirtualenvOperator
SOURCES = [("a", 1), ("b", 2)]

def work(size, **context):
    return size

def make(name, size):
    return PythonVirtualenvOperator(
        task_id=f"load_{name}", python_callable=work, op_kwargs={"size": size}, requirements=["six"]
    )

with DAG("etl"):
    first = [make(name, size) for name, size in SOURCES if size < 5]
    for number in range(2):
        @task.virtualenv(task_id=f"t{number}", requirements=["six"])
        def t(): ...
        first >> t()
""")
    assert adoption.plan.refusals == []
    assert [task.task_id for unit in adoption.plan.units for task in unit.tasks] == ["load_a", "load_b", "t0", "t1"]
    code = module(adoption)
    assert 'load_b_task = etl_dag.task(task_id="load_b")(work)' in code
    assert "    load_b_task(size=2)\n" in code
    assert 'work.override(\n        task_id=f"load_{name}"\n    )(size=size)' in dag_file(adoption)
    assert '@task.stub(task_id=f"t{number}", queue="etl")' in dag_file(adoption)


def test_projects() -> None:
    """Each set of requirements, Python and variables becomes a project with a queue of its own."""
    adoption = adopted("""\
with DAG("etl"):
    @task.virtualenv(requirements=["six", "idna>=3"], python_version="3.11", system_site_packages=False)
    def a(): ...
    @task.virtualenv(requirements=["idna>=3", "six"], python_version="3.11", system_site_packages=False)
    def b(): ...
    @task.virtualenv(requirements=["six"], env_vars={"LEVEL": "1"}, index_urls=["https://packages.example.com"])
    def c(): ...
    a() >> b() >> c()
""")
    assert [(project.name, [unit.function.name for unit in project.units]) for project in adoption.projects] == [
        ("etl-a", ["a", "b"]),
        ("etl-c", ["c"]),
    ]
    first, second = adoption.files["etl-a"], adoption.files["etl-c"]
    assert 'requires-python = ">=3.11,<3.12"' in first["pyproject.toml"]
    assert 'url = "https://packages.example.com"' in second["pyproject.toml"]
    assert 'os.environ["LEVEL"] = "1"' in second["tasks.py"]
    assert '@task.stub(queue="etl-c")' in dag_file(adoption)


def test_requirements_of_airflow() -> None:
    """Airflow itself is left out of a project if the function uses only names of a bundle file. A note says so."""
    source = """\
with DAG("etl"):
    @task.virtualenv(requirements=["apache-airflow==3.3.2", "six"])
    def a():
        from airflow.{module} import Variable
    a()
"""
    adoption = adopted(source.replace("{module}", "sdk"))
    (project,) = adoption.projects
    assert project.dependencies == ("six",)
    assert "airflow-names = true" in adoption.files["etl"]["pyproject.toml"]
    assert "apache-airflow==3.3.2 is left out" in project.units[0].notes[0].why
    assert adopted(source.replace("{module}", "configuration")).plan.refusals


@pytest.mark.parametrize("option", ['serializer="dill"', "use_dill=True", 'serializer="cloudpickle"'])
def test_serializer(option: str) -> None:
    """What pickles arguments and results is left out, because they pass as XComs. A note says so."""
    adoption = adopted(f'with DAG("etl"):\n    @task.virtualenv({option})\n    def t(): ...\n    t()\n')
    assert "is left out" in adoption.projects[0].units[0].notes[0].why
    assert option not in dag_file(adoption)
    other = f'with DAG("etl"):\n    @task.virtualenv({option})\n    def t(x): ...\n    t(lambda: 1)\n'
    assert "an argument cannot be read" in adopted(other).plan.refusals[0].problem.why


# What stays


@pytest.mark.parametrize(
    ("source", "line", "why"),
    [
        ("@task.virtualenv(expect_airflow=True)\ndef t(): ...\nt()", 1, "expect_airflow=True"),
        ("@task.virtualenv(skip_on_exit_code=9)\ndef t(): ...\nt()", 1, "skipped by its exit code"),
        ("@task.virtualenv(inherit_env=False)\ndef t(): ...\nt()", 1, "inherits the environment"),
        ('@task.virtualenv(string_args=["a"])\ndef t(): ...\nt()', 1, "string_args"),
        ('@task.virtualenv(python_version="3.8")\ndef t(): ...\nt()', 1, "python_version is '3.8'"),
        ('@task.virtualenv(requirements="r.txt")\ndef t(): ...\nt()', 1, "in the file r.txt"),
        ('@task.virtualenv(requirements=["{{ x }}"])\ndef t(): ...\nt()', 1, "are a template"),
        ('@task.virtualenv(requirements=["-r x"])\ndef t(): ...\nt()', 1, "not in the form"),
        ("@task.virtualenv(requirements=open('x'))\ndef t(): ...\nt()", 1, "requirements cannot be read"),
        ("@task.virtualenv(system_site_packages=True)\ndef t():\n    import six\nt()", 1, "imports six from Airflow"),
        (
            "@task.virtualenv\ndef t():\n    from airflow.providers.http.hooks.http import HttpHook\nt()",
            3,
            "the provider",
        ),
        ("@task.virtualenv\ndef t():\n    from airflow.configuration import conf\nt()", 3, "airflow.configuration"),
        ("@task.virtualenv\ndef t():\n    yield 1\nt()", 2, "a generator"),
        ("@task.virtualenv\ndef t(): ...\n", 1, "nothing calls it"),
        ("for x in open('x'):\n    @task.virtualenv\n    def t(): ...\n    t()", 1, "a loop"),
        ("@task.virtualenv\ndef t(x): ...\nt.expand_kwargs([{'x': 1}])", 3, ".expand_kwargs"),
        ("@task.virtualenv\ndef t(x): ...\nt(open('x'))", 3, "without running"),
        ("@task.virtualenv\ndef t(x): ...\nt(1, 2)", 3, "takes 1"),
        ("@task.virtualenv(retry_policy=1)\ndef t(): ...\nt()", 3, "retry_policy"),
        ("@task.virtualenv\ndef t(): ...\nt.override(task_id=open('x'))()", 3, "task_id cannot be read"),
    ],
)
def test_refusals(source: str, line: int, why: str) -> None:
    """What cannot be moved stays as it was; the reason has its line, and says what to write."""
    indented = "".join(f"    {row}\n" for row in source.splitlines())
    adoption = adopted(f'with DAG("etl"):\n{indented}')
    assert adoption.projects == []
    assert dag_file(adoption) == f'with DAG("etl"):\n{indented}'
    (refusal,) = adoption.plan.refusals
    assert why in refusal.problem.why
    assert refusal.problem.line == line + 3
    assert refusal.problem.advice


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (
            "etl_task = 1\n@task\ndef t():\n    return other.function()\n@task\ndef other(): ...\nt()",
            "the task function",
        ),
        ("@task\ndef t():\n    return first\nfirst = t()", "belongs to a Dag"),
        ("@task\ndef t():\n    return __file__\nt()", "__file__"),
        ("@task.sensor\ndef t(): ...\nt()", "no tasks like @task.sensor"),
    ],
)
def test_refusals_of_plain_tasks(source: str, why: str) -> None:
    """A plain task stays if its function uses something of the Dag file that a project cannot have."""
    adoption = adopted("with DAG('etl'):\n" + "".join(f"    {row}\n" for row in source.splitlines()), "t")
    assert why in adoption.plan.refusals[0].problem.why


@pytest.mark.parametrize(
    ("call", "why", "advice"),
    [
        ("PythonVirtualenvOperator(task_id='t', python_callable=lambda: 1)", "not a function of this file", "`def`"),
        ("PythonVirtualenvOperator(task_id='t', **open('x'))", "arguments cannot be read", "one by one"),
        (
            "PythonVirtualenvOperator.partial(task_id='t', python_callable=f).expand(op_args=[[1]])",
            "is mapped",
            "map it",
        ),
        ("f(PythonVirtualenvOperator(task_id='t', python_callable=f, requirements=[]))", "used here, too", "copy"),
    ],
)
def test_refusals_of_operators(call: str, why: str, advice: str) -> None:
    """An operator whose function or arguments cannot be read stays."""
    imports = "from airflow.providers.standard.operators.python import PythonVirtualenvOperator\n"
    adoption = adopted(f"{imports}def f(x=1): ...\nwith DAG('d'):\n    {call}\n")
    (refusal,) = adoption.plan.refusals
    assert why in refusal.problem.why
    assert advice in refusal.problem.advice
    assert adoption.projects == []


def test_unknown_task() -> None:
    """A task_id that the file does not have is named."""
    assert adopted(VIRTUALENV, "nope").plan.refusals[0].name == "nope"
    assert len(adopted(VIRTUALENV, "extract").plan.units) == 2


# The rest of the Dag file


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("indent", ["  ", "\t", "        "])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_formatting(newline: str, indent: str, encoding: str) -> None:
    """Line ends, tabs, the encoding and everything around the functions stay."""
    rows = [
        "# -*- coding: latin-1 -*-" if encoding == "latin-1" else "# é",
        "from airflow.sdk import DAG, task; x = 'é'",
        "with DAG('d'):   # odd   ",
        ">@task.virtualenv(requirements=['six'],   retries = 3,)",
        ">def t( a ,b = 2 ): # why",
        ">>s = 'é'",
        ">>return s",
        "",
        ">t(1)  ;y=2",
        "# end é\f",
    ]
    wanted = [*rows]
    wanted[3] = '>@task.stub(retries = 3, queue="etl",)'
    wanted[5:7] = [">>..."]
    content, expected = (
        newline.join(row.replace(">", indent) for row in source).encode(encoding) for source in (rows, wanted)
    )
    around = Surroundings(lambda _: False, lambda _, __: {}, {}, "1.0")
    adoption = adopt(content, "etl.py", "etl", Choice(), None, around)
    assert adoption.dag_file == expected
    assert "return s" in adoption.files["etl"]["tasks.py"]


# Native Dags

NATIVE = '''\
from datetime import datetime, timedelta
START = datetime(2026, 1, 1)

@dag(schedule="@daily", start_date=START, default_args={"retries": 2, "retry_delay": timedelta(minutes=1)}, tags=["a"])
def etl(limit: int = 5):
    """The Dag."""

    @task(pool="small", trigger_rule="all_done")
    def extract(limit) -> dict[str, int]:
        """The task."""
        return {"rows": limit}

    @task.virtualenv(requirements=["six"])
    def load(rows, factor=2): ...

    @task
    def end(): ...

    load(extract(limit)["rows"]) >> end()

etl()
'''


def test_native() -> None:
    """If all tasks move, the project declares the Dag with all of its options, and no Dag file is left."""
    adoption = adopted(NATIVE, is_all=True, is_native=True)
    assert (adoption.native_problem, adoption.dag_file) == ("", b"")
    assert "native-dags = true" in adoption.files["etl"]["pyproject.toml"]
    names: dict[str, Any] = {}
    exec(compile(module(adoption), "tasks.py", "exec"), names)  # noqa: S102 - the module that was written
    config = BundleConfig(
        "tasks:bundle", "etl", "1", "tasks.py", schema_version=SCHEMA_VERSIONS["3.4"], native_dags=True
    )
    metadata = bundle_metadata(config, names["bundle"])
    check_bundle(metadata)
    declared = metadata["dags"]["etl"]["declaration"]
    assert (declared["schedule"], declared["doc_md"], declared["params"]) == ("@daily", "The Dag.", {"limit": 5})
    tasks = declared["tasks"]
    assert [tasks[name].get("upstream") for name in ("extract", "load", "end")] == [None, ["extract"], ["load"]]
    extract = tasks["extract"]
    assert (extract["retries"], extract["retry_delay_s"], extract["pool"]) == (2, 60.0, "small")
    assert (extract["doc_md"], extract["multiple_outputs"]) == ("The task.", True)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("@task.virtualenv(", "@task.virtualenv(skip_on_exit_code=1, ", "not all tasks can be moved"),
        ('tags=["a"]', "template_searchpath='x'", "has the option template_searchpath"),
        ("@task\n    def end", "@task_group\n    def end", "has task groups"),
        (">> end()", ">> Label('x') >> end()", "edges have labels"),
        ("limit: int = 5", "limit: int", "parameters without defaults"),
        ("@task\n    def end", "@task(requirements=['idna'])\n    def end", ""),
    ],
)
def test_not_native(before: str, after: str, why: str) -> None:
    """If the Dag needs a Dag file, the reason is told, and the tasks move as they do without native Dags."""
    source = NATIVE.replace(before, after).replace("START =", "from airflow.sdk import Label, task_group\nSTART =")
    adoption = adopted(source, is_all=True, is_native=True)
    assert why in adoption.native_problem
    if why:
        assert b"@task.stub" in adoption.dag_file
        assert "native-dags" not in "".join(files["pyproject.toml"] for files in adoption.files.values())


PARAMS = """\
from airflow.sdk import Param
import pendulum

REGIONS = ["north", "south"]

with DAG("etl", params={"limit": Param(5, type="integer"), "region": Param("north", enum=REGIONS)}) as etl:

    @task.virtualenv(requirements=["numpy==2.1.0"])
    def sample(region):
        return region

    sample("{{ params.region }}")
"""


def test_params_of_the_dag() -> None:
    """Airflow sends a task only the conf, so the project declares the Dag's params, with what they use."""
    code = module(adopted(PARAMS))
    assert 'REGIONS = ["north", "south"]' in code
    assert 'params={"limit": Param(5, type="integer"), "region": Param("north", enum=REGIONS)}' in code
    assert "from airflow.sdk import Param" in code


def test_params_of_a_function() -> None:
    """The parameters of a Dag's function are its params."""
    source = """\
@dag(schedule=None)
def etl(limit=5):
    @task.virtualenv(requirements=["numpy==2.1.0"])
    def sample(limit):
        return limit

    sample(limit)


etl()
"""
    assert 'bundle.dag("etl", params={"limit": 5})' in module(adopted(source))


def test_params_that_cannot_be_moved() -> None:
    """A note says that the params are left out."""
    source = PARAMS.replace("enum=REGIONS", "enum=read_regions()").replace(
        "REGIONS =", "from airflow.providers.http.hooks.http import read_regions\nREGIONS ="
    )
    adoption = adopted(source)
    assert 'bundle.dag("etl")' in module(adoption)
    (unit,) = adoption.plan.units
    assert [note.why for note in unit.notes] == [
        "the params are left out: the option params of Dag 'etl' uses something that a project cannot have"
    ]


def test_macros_of_the_dag() -> None:
    """A task stays if its templates use macros of the Dag. One that does not use them moves."""
    source = """\
with DAG("etl", user_defined_macros={"bucket": "b"}) as etl:

    @task.virtualenv(requirements=["numpy==2.1.0"])
    def copy(place):
        return place

    @task.virtualenv(requirements=["numpy==2.1.0"])
    def day(ds):
        return ds

    copy("s3://{{ bucket }}")
    day("{{ ds }}")
"""
    adoption = adopted(source)
    assert [(refusal.name, refusal.problem.why) for refusal in adoption.plan.refusals] == [
        ("copy", "its templates use the user_defined_macros of the Dag, which a bundle file does not have")
    ]
    assert [task.task_id for unit in adoption.plan.units for task in unit.tasks] == ["day"]


@pytest.mark.parametrize("is_all", [True, False])
def test_dates_of_the_context(*, is_all: bool) -> None:
    """Airflow hands out pendulum's dates. An environment of its own has pendulum only if its requirements name it."""
    source = f"""\
with DAG("etl") as etl:

    @task{"" if is_all else '.virtualenv(requirements=["numpy==2.1.0"])'}
    def tomorrow(logical_date):
        return logical_date.add(days=1).to_date_string()

    tomorrow()
"""
    (project,) = adopted(source, is_all=is_all).projects
    assert project.dependencies == (("pendulum",) if is_all else ("numpy==2.1.0",))
