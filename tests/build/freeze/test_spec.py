"""The spec file for PyInstaller."""

from __future__ import annotations

import ast
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dagfloe.build.collect.collector import Plan
from dagfloe.build.freeze.spec import Spec

strings = st.text(max_size=10)
PATHS = (Path("it's.json"), Path("library.zip"), Plan(whole=("it's",)), Path("dagfloe"))


def calls(source: str, name: str) -> list[dict[str, object]]:
    """The literal arguments by name of all calls of a function."""
    arguments = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            keywords = {keyword.arg or "": keyword.value for keyword in node.keywords}
            arguments.append({key: ast.literal_eval(value) for key, value in keywords.items() if key != "datas"})
    return arguments


@given(st.lists(strings), st.lists(strings), strings)
def test_settings_are_data(hidden: list[str], excluded: list[str], name: str) -> None:
    """Every setting of an author is a value in the spec file, and never code."""
    spec = Spec(name, Path("entry.py"), (Path("a b'"),), *PATHS, tuple(hidden), excludes=tuple(excluded))
    (analysis,) = calls(spec.render(), "Analysis")
    assert analysis == {
        "pathex": ["a b'"],
        "hiddenimports": hidden,
        "excludes": excluded,
        "hookspath": [],
        "binaries": [],
    }
    assert [call["name"] for call in calls(spec.render(), "COLLECT")] == [name]


def test_equal_specs() -> None:
    """Equal specs give equal spec files."""
    one, other = (Spec("x", Path("e.py"), (), *PATHS, metadata=("a", "b"), one_file=True).render() for _ in range(2))
    assert one == other
    assert 'if True:\n    EXE(modules, lists["scripts"], lists["binaries"]' in one
