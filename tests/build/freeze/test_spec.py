"""What PyInstaller is told."""

from __future__ import annotations

import ast
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dagfloe.build.freeze.spec import Spec

texts = st.text(max_size=10)
FOUND = (Path("it's.json"), Path("library.zip"))


def calls(source: str, name: str) -> list[dict[str, object]]:
    """The literal arguments by name of each call of a function."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            keywords = {each.arg or "": each.value for each in node.keywords}
            found.append({key: ast.literal_eval(value) for key, value in keywords.items() if key != "datas"})
    return found


@given(st.lists(texts), st.lists(texts), texts)
def test_any_text_is_taken_as_it_is(hidden: list[str], excluded: list[str], name: str) -> None:
    """Whatever an author writes is a value in the spec, and never code."""
    spec = Spec(name, Path("entry.py"), (Path("a b'"),), *FOUND, tuple(hidden), excludes=tuple(excluded))
    (analysis,) = calls(spec.render(), "Analysis")
    assert analysis == {"pathex": ["a b'"], "hiddenimports": hidden, "excludes": excluded}
    assert [call["name"] for call in calls(spec.render(), "COLLECT")] == [name]


def test_equal_values_give_equal_texts() -> None:
    """The spec has nothing in it that changes from build to build."""
    one, other = (Spec("x", Path("e.py"), (), *FOUND, metadata=("a", "b"), one_file=True).render() for _ in range(2))
    assert one == other
    assert 'if True:\n    EXE(modules, lists["scripts"], lists["binaries"]' in one
