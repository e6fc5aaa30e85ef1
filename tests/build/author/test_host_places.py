"""What the author's code expects of the machine that it was written on."""

from __future__ import annotations

import ast

import pytest

from dagfloe.build.author.host_places import list_host_places


@pytest.mark.parametrize(
    ("source", "places"),
    [
        ("open('/home/me/data.csv')", ["path /home/me/data.csv"]),
        ("DATA = Path('/srv/x')", ["path /srv/x"]),
        ("'''/not/a/path'''\ndef f():\n '/nor/this'", []),
        ("Path.cwd() / 'data.csv'", ["relative data.csv"]),
        ("Path(os.getcwd()) / 'data.csv'", ["relative data.csv"]),
        ("os.path.join(os.getcwd(), 'in', 'data.csv')", ["relative in/data.csv"]),
        ("Path.cwd().joinpath('data.csv')", ["relative data.csv"]),
        ("folder / 'data.csv'", []),
        ("', '.join(['a', 'b'])", []),
        ("open('data.csv')", ["relative data.csv"]),
        ("open('data.csv', 'rb')", ["relative data.csv"]),
        ("open('data.csv', mode='w')", []),
        ("open('data.csv', 'a')", []),
        ("pd.read_csv('data.csv')", ["relative data.csv"]),
        ("pd.read_csv(name)", []),
        ("ctypes.CDLL('libfoo.so')", ["library libfoo.so"]),
        ("cdll.LoadLibrary('libfoo.so')", ["library libfoo.so"]),
        ("ctypes.CDLL('libs/libfoo.so')", []),
        ("ctypes.CDLL(None)", []),
        ("ctypes.util.find_library('foo')", ["lookup foo"]),
    ],
)
def test_places(source: str, places: list[str]) -> None:
    assert [f"{place.kind} {place.name}" for place in list_host_places(ast.parse(source))] == places
