"""The modules that command lines of Python name."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.build.author.command_lines import list_command_line_modules


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("run([sys.executable, '-m', 'json.tool', 'x'])", ["json.tool"]),
        ("run((sys.executable, '-u', '-m', 'http.server'))", ["http.server"]),
        ("command += ['-Im', 'zipfile']", ["zipfile"]),
        ("os.execl(sys.executable, 'python', '-m', 'timeit')", ["timeit"]),
        ("run(f'{sys.executable} -m json.tool < {path}', shell=True)", ["json.tool"]),
        ("run([sys.executable, *'-m json.tool x'.split()])", ["json.tool"]),
        ("run([sys.executable, '-c', 'import colorsys; from os import path'])", ["colorsys", "os", "os.path"]),
        ("CODE = 'import colorsys'\nrun([sys.executable, '-c', CODE])", ["colorsys"]),
        ("TOOL = 'json.tool'\nrun([sys.executable, '-m', TOOL])", ["json.tool"]),
        ("run([sys.executable, '-c', code])", []),
        ("run([sys.executable, '-c', 'no Python'])", []),
        ("run([sys.executable, '-m', name])", []),
        ("run(['git', 'commit', '-m', 'a message'])", []),
        ("print(f'{name} -m json.tool')", []),
        ("print('use -m json.tool')", []),
        ("run([sys.executable, 'script.py'])", []),
    ],
)
def test_names(source: str, names: list[str]) -> None:
    """Names count where they follow the option, in a list, a tuple, a call or one string."""
    assert list(list_command_line_modules(ast.parse(source))) == names


@given(st.text())
def test_any_code(code: str) -> None:
    """Whatever the code of a command is, it is read or ignored."""
    names = list(list_command_line_modules(ast.parse(f"run([sys.executable, '-c', {code!r}])")))
    assert all(isinstance(name, str) for name in names)
