"""What a module imports."""

from __future__ import annotations

import ast

import pytest

from dagfloe.build.author.imports import list_imports


@pytest.mark.parametrize(
    ("source", "targets"),
    [
        ("import a.b, c as d", ["a.b", "c"]),
        ("from a.b import c, d as e", ["a.b:c", "a.b:d"]),
        ("from a import *", ["a"]),
        ("from . import x", ["pack.sub:x"]),
        ("from .. import x", ["pack:x"]),
        ("from ..other import x", ["pack.other:x"]),
        ("from .... import x", []),
        ("def f():\n def g():\n  import a", ["a"]),
        ("class C:\n async def f(self):\n  import a", ["a"]),
        ("importlib.import_module('a.b')", ["a.b"]),
        ("import_module('.x', 'p.q')", ["p.q.x"]),
        ("import_module('.x', package=__package__)", ["pack.sub.x"]),
        ("import_module('.x', somewhere)", []),
        ("import_module(name)", []),
        ("__import__('a')", ["a"]),
        ("if TYPE_CHECKING:\n import a\nelse:\n import b", ["b?"]),
        ("if typing.TYPE_CHECKING:\n import a", []),
        ("x: 'a.B' = 1", []),
        ("try:\n import a\nexcept ImportError:\n import b", ["a?", "b?"]),
        ("try:\n import a\nexcept (OSError, builtins.ModuleNotFoundError):\n pass", ["a?"]),
        ("try:\n import a\nexcept OSError:\n pass", ["a"]),
        ("try:\n import a\nexcept:\n pass", ["a?"]),
        ("with suppress(ImportError):\n import a", ["a?"]),
        ("with open('x'):\n import a", ["a"]),
        ("if sys.platform == 'win32':\n import a", ["a?"]),
        ("match x:\n case 1:\n  import a", ["a?"]),
    ],
)
def test_targets(source: str, targets: list[str]) -> None:
    """Imports everywhere in a module count, except those for type checkers. A question mark is an optional import."""
    imports = list_imports(ast.parse(source), "pack.sub")
    assert [item.target + "?" * item.is_optional for item in imports] == targets
