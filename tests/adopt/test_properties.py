"""Reading never crashes, and the part of a Dag file that does not move stays byte for byte."""

from __future__ import annotations

import ast
import string

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dagfloe.adopt.adoption import Adoption, Surroundings, adopt
from dagfloe.adopt.plan import Choice
from dagfloe.adopt.reading.source import SourceError

AROUND = Surroundings(lambda _: False, lambda _, modules: {name: name for name in modules}, {}, "1.0")
NAMES = st.sampled_from(["a", "b", "task", "dag", "x"])
LITERALS = st.recursive(
    st.sampled_from(
        ["1", "'s'", "None", "2.5", "x", "a", "f'{x}_{a}'", "b'q'", "1 // 0", "9 ** 9 ** 9", "'x' * 9 ** 9"]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(NAMES, inner).map(lambda pair: f"{{'{pair[0]}': {pair[1]}}}"),
        st.tuples(NAMES, inner).map(lambda pair: f"{pair[0]}({pair[1]})"),
        st.tuples(NAMES, inner).map(lambda pair: f"{pair[0]}[{pair[1]}]"),
        st.tuples(inner, st.sampled_from(["+", ">>", "%", "*", "in"]), inner).map(" ".join),
        st.tuples(inner, inner).map(lambda pair: f"[{pair[0]} for x in {pair[1]}]"),
        inner.map(lambda item: f"lambda x: {item}"),
    ),
    max_leaves=6,
)
LINES = st.one_of(
    st.tuples(NAMES, LITERALS).map(lambda pair: f"{pair[0]} = {pair[1]}"),
    LITERALS,
    st.sampled_from(["# a comment é", "", "import json", "from os import path as x", "pass", "x: int = 1", "del x"]),
)
#: Blocks of statements: where they begin, and what is in them.
BLOCKS = st.recursive(
    st.lists(LINES, min_size=1, max_size=3),
    lambda inner: st.tuples(
        st.sampled_from(
            [
                "for x in [1, 2]:",
                "for x in a:",
                "if x:",
                "while a:",
                "with dag:",
                "with DAG('d') as dag:",
                "def b(x, *y, z=1, **w):",
                "class a:",
                "try:",
                "@task\ndef a(x=1): # why",
                "@task.virtualenv(requirements=['six'], retries=1)\ndef b(x, /, y=None, *, z: int = 2, **c):",
                "@dag.task\nasync def x():",
            ]
        ),
        inner,
    ).map(lambda pair: _block(*pair)),
    max_leaves=8,
)


def _block(head: str, body: list[str]) -> list[str]:
    if all(not line.strip() or line.lstrip().startswith("#") for line in body):
        body = [*body, "pass"]
    lines = [*head.split("\n"), *(f"    {line}" for line in body)]
    return [*lines, "finally: pass"] if head == "try:" else lines


def adopted(content: bytes) -> Adoption | None:
    """Adopt a file; None if it is not Python source code."""
    try:
        return adopt(content, "etl.py", "etl", Choice(is_all=True), None, AROUND)
    except SourceError:
        return None


@settings(deadline=None, max_examples=300)
@given(st.lists(BLOCKS, max_size=4), st.sampled_from(["\n", "\r\n"]))
@example([["with DAG('d') as dag:", "    b(a)"]], "\n")
def test_any_file(blocks: list[list[str]], newline: str) -> None:
    """Whatever a file does, it is read without an error, and the new file is Python source code as well."""
    head = "from airflow.sdk import DAG, task, dag"
    rows = [head, *(line for block in blocks for line in block), ""]
    content = newline.join(rows).encode()
    adoption = adopted(content)
    if adoption is None:
        return
    ast.parse(adoption.dag_file)
    for files in adoption.files.values():
        ast.parse(files["tasks.py"])
        ast.parse(files["tests/test_tasks.py"])
    if not adoption.plan.units:
        assert adoption.dag_file == content


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    """Bytes that are no Dag file are an error of the file, or have no tasks."""
    adoption = adopted(content)
    assert adoption is None or adoption.dag_file == content


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0\f"), max_size=20)
SPACES = st.text(" \t", max_size=3)


@settings(deadline=None, max_examples=200)
@given(
    before=st.lists(TEXT.map("# {}".format), max_size=3),
    between=st.lists(st.one_of(SPACES, TEXT.map("    # {}".format)), max_size=3),
    after=st.lists(TEXT.map("x = {!r}  # odd".format), max_size=3),
    space=SPACES,
    newline=st.sampled_from(["\n", "\r\n"]),
    name=st.text(string.ascii_lowercase, min_size=1, max_size=5).map("t_{}".format),
)
def test_other_bytes_stay(
    before: list[str], between: list[str], after: list[str], space: str, newline: str, name: str
) -> None:
    """The new file is the old one, with another decorator and an empty body."""

    def rows(decorator: str, *body: str) -> bytes:
        lines = [
            *before,
            "from airflow.sdk import DAG, task",
            "with DAG('d'):" + space,
            *between,
            f"    @{decorator}{space}",
            f"    def {name}(a, b={{'c': 1}}):" + ("" if body else " ..."),
            *body,
            *([""] if after else []),
            f"    {name}({space}1)",
            *after,
        ]
        return newline.join(lines).encode()

    old = rows("task.virtualenv(requirements=['six'])", "        import six", "        return six")
    adoption = adopted(old)
    assert adoption is not None
    assert adoption.plan.refusals == []
    assert adoption.dag_file == rows('task.stub(queue="etl")')
