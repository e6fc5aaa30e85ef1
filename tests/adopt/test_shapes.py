"""Dag files in many shapes: what the interpreter reads of them, and what becomes of their functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dagfloe.adopt.adoption import Surroundings, adopt
from dagfloe.adopt.plan import Choice
from dagfloe.adopt.reading.interpreter import Interpreter
from dagfloe.adopt.reading.source import SourceFile
from dagfloe.runtime.declaration import describe_dag

SHAPES = Path(__file__).parent / "dags" / "shapes.py"
AROUND = Surroundings(lambda _: False, lambda _, modules: {name: name for name in modules}, {}, "1.0")


def read(source: str) -> Interpreter:
    """Read a Dag file."""
    interpreter = Interpreter("dags/etl.py")
    head = "from airflow.sdk import DAG, TaskGroup, setup, task, task_group, teardown\n"
    interpreter.run(SourceFile.parse((head + source).encode(), "etl.py").tree)
    return interpreter


def task_ids(source: str) -> list[Any]:
    """The tasks of a Dag file."""
    return [task.task_id for task in read(source).tasks]


def test_shapes() -> None:
    """All tasks of the file move, with their arguments, options and what they use. Nothing more is left to move."""
    adoption = adopt(SHAPES.read_bytes(), "shapes.py", "shapes", Choice(is_all=True), None, AROUND)
    assert adoption.plan.refusals == []
    (files,) = adoption.files.values()
    names: dict[str, Any] = {}
    exec(compile(files["tasks.py"], "tasks.py", "exec"), names)  # noqa: S102 - the module that was written
    dags = names["bundle"].dags
    tasks = dags["shapes"].tasks
    assert list(tasks) == [
        *("isolated", "isolated_small", "isolated_large", "report", "names", "greet"),
        *("work.inner", "work.inner__1", "operator", "last"),
    ]
    assert repr(tasks["report"].arguments) == (
        "{'rows': OutsideXCom('isolated', key='rows'), "
        "'nested': {'all': [OutsideXCom('isolated', key='return_value'), 1]}}"
    )
    assert tasks["isolated"].multiple_outputs
    assert not tasks["operator"].multiple_outputs
    assert {task.execution_timeout_s for task in tasks.values()} == {300.0}
    assert tasks["names"].is_mapping_source
    assert dags["second"].outside_downstream == {"choose": ["left", "right"], "left": ["join"], "right": ["join"]}
    assert repr(dags["second"].tasks["choose"].arguments) == "{'value': DagParam('size')}"
    assert describe_dag(dags["shapes"])["tasks"]["greet"]["mapped"] == {"name": {"xcom": "names"}}
    again = adopt(adoption.dag_file, "shapes.py", "shapes", Choice(is_all=True), None, AROUND)
    assert again.projects == []
    assert again.dag_file == adoption.dag_file


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("for x in ('a', 'b'):\n f.override(task_id=x)()", ["a", "b"]),
        ("for x, y in {'a': 1, 'b': 2}.items():\n f.override(task_id=x * y)()", ["a", "bb"]),
        ("for x in range(9):\n if x == 1: continue\n if x > 2: break\n f.override(task_id=f'{x:02d}')()", ["00", "02"]),
        ("for x in []: pass\nelse: f()", ["f"]),
        ("[f.override(task_id=x.upper())() for x in 'abc' if x != 'b']", ["A", "C"]),
        ("{x: f.override(task_id=x)() for x in ['a']}", ["a"]),
        ("x, *y = ['a', 'b', 'c']\nf.override(task_id=x)()", ["a"]),
        ("(x, y), z = ('a', 'b'), 'c'\nf.override(task_id=y + z)()", ["bc"]),
        ("x = {'k': ['a', 'b']}\nx['k'][1] = 'c'\nx['n'] = 'd'\nf.override(task_id=x['k'][1] + x.get('n'))()", ["cd"]),
        ("x = ['a']\nx.append('b')\nx += ['c']\nf.override(task_id='_'.join(x))()", ["a_b_c"]),
        ("if 1 < 2 <= 2 and not False or None:\n f()\nelse:\n f()", ["f"]),
        ("x = 'a' if [] else 'b'\nf.override(task_id=x)()", ["b"]),
        ("if unknown: f()\nelse: f()", ["f", "f__1"]),
        ("try:\n f()\nexcept Exception: f()\nfinally: f()", ["f", "f__1"]),
        ("match unknown:\n case 1: f()\n case _: f()", ["f", "f__1"]),
        ("if __name__ == '__main__': f()", []),
        ("import typing\nif typing.TYPE_CHECKING: f()\nf()", ["f"]),
        ("def g(a, b='y', *c, d='z', **e):\n  f.override(task_id=a + b + d + ''.join(c))()\ng('x', 'w')", ["xwz"]),
        ("def g(n):\n  if n == 0:\n    return\n  g(n - 1)\ng(3)\nf()", ["f"]),
        ("(y := f)()", ["f"]),
        ("f(); f(); f.override(task_id='f__5')(); f()", ["f", "f__1", "f__5", "f__6"]),
        ("with TaskGroup('g'):\n f(); f()\nwith TaskGroup('h', prefix_group_id=False):\n f()", ["g.f", "g.f__1", "f"]),
        ("@task_group\ndef g(x):\n  return f()\ng(1) >> g.override(group_id='h')(2)\ng(3)", ["g.f", "h.f", "g__1.f"]),
        ("x = '%s-%d' % ('a', 2)\nf.override(task_id=x)()", ["a-2"]),
        ("f.override(task_id='{}_{b}'.format(1, b=2))()", ["1_2"]),
        ("import os\nf.override(task_id=os.path.basename(__file__).split('.')[0])()", ["etl"]),
        ("from pathlib import Path\nf.override(task_id=Path(__file__).resolve().stem)()", ["etl"]),
        ("from os import path\nx, y = path.splitext(__file__)\nf.override(task_id=x.name)()", ["etl"]),
        ("del f\nunknown()", []),
        ("@setup\ndef a(): ...\n@teardown\ndef b(): ...\na() >> f() >> b()", ["a", "f", "b"]),
        ("task(lambda: 1)()", []),
        ("task.virtualenv(requirements=[])(g)() if False else f()", ["f"]),
        ("def g(): ...\ntask(task_id='x')(g)()", ["x"]),
        ("while unknown:\n f()\n break", ["f"]),
        ("class A:\n x = 1\nasync def h(): ...\nglobal y\nlambda: 0\nprint(*[1], **{})\nf()", ["f"]),
    ],
)  # fmt: skip
def test_what_is_read(source: str, expected: list[str]) -> None:
    """Loops, conditions, functions and expressions over values of the file are followed."""
    indented = "".join(f"    {line}\n" for line in source.splitlines())
    assert task_ids(f"@task\ndef f(): ...\nwith DAG('d'):\n{indented}") == expected


@pytest.mark.parametrize(
    ("source", "edges"),
    [
        ("a >> b", ["ab"]),
        ("a << b", ["ba"]),
        ("a >> [b, c] >> d", ["ab", "ac", "bd", "cd"]),
        ("chain(a, [b, c], [d, e])", ["ab", "ac", "bd", "ce"]),
        ("chain_linear(a, [b, c], [d, e])", ["ab", "ac", "bd", "be", "cd", "ce"]),
        ("cross_downstream([a, b], [c, d])", ["ac", "ad", "bc", "bd"]),
        ("a.set_downstream([b, c])\nd.set_upstream(a)", ["ab", "ac", "ad"]),
        ("a >> Label('x') >> b", ["ab"]),
        ("b.as_teardown(setups=a)", ["ab"]),
    ],
)
def test_edges(source: str, edges: list[str]) -> None:
    """All ways to connect tasks are read."""
    names = "from airflow.sdk import chain, chain_linear, cross_downstream, Label\n"
    tasks = "".join(f"    {name} = f.override(task_id='{name}')()\n" for name in "abcde")
    body = "".join(f"    {line}\n" for line in source.splitlines())
    interpreter = read(f"{names}@task\ndef f(): ...\nwith DAG('d') as dag:\n{tasks}{body}")
    assert sorted(first + second for first, second in interpreter.dags[0].edges) == edges


def test_edges_of_groups() -> None:
    """An edge to a task group leads to its first tasks, and one from it comes from its last tasks."""
    interpreter = read("""\
@task
def f(): ...
with DAG("d"):
    with TaskGroup("outer") as outer:
        with TaskGroup("inner") as inner:
            f() >> f.override(task_id="g")()
        inner >> f.override(task_id="h")()
    f.override(task_id="a")() >> outer >> f.override(task_id="b")()
""")
    assert sorted(interpreter.dags[0].edges) == [
        ("a", "outer.inner.f"),
        ("outer.h", "b"),
        ("outer.inner.f", "outer.inner.g"),
        ("outer.inner.g", "outer.h"),
    ]
