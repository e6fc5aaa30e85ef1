"""The marks in a module's code by which it imports modules that no import statement names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe.build.collect.code_scan import hides_names, scan, scan_binary

if TYPE_CHECKING:
    from dagfloe.build.collect.code_scan import CodeFacts


def look(source: str, *, is_package: bool = False) -> CodeFacts:
    return scan(compile(source, "module.py", "exec"), is_package=is_package)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import importlib\nimportlib.import_module('shop.orders')", {"shop.orders"}),
        ("def f():\n    from importlib import import_module\n    import_module('.orders', __package__)", {".orders"}),
        ("TABLE = ('shop.a', 'shop.b', 'no name')\ndef f(n):\n    __import__(TABLE[n])", {"shop.a", "shop.b"}),
        ("def f(n):\n    return import_string(f'shop.dialects.{n}')", {"shop.dialects."}),
        ("def f(n):\n    return n in {'shop.a', 'shop.b'} and import_module(n)", {"shop.a", "shop.b"}),
        ("resolve_name('shop.plugins:load')", {"shop.plugins:load"}),
        ("NAMES = {'s3': 'shop.s3.Store'}\nsymbol_by_name(NAMES['s3'])", {"shop.s3.Store"}),
    ],
)
def test_names_of_modules(source: str, names: set[str]) -> None:
    """Strings that may be names of modules count if the code has a call that imports by a string."""
    facts = look(source)
    assert facts.imports_siblings
    assert names <= facts.strings
    assert "no name" not in facts.strings


@pytest.mark.parametrize("source", ["NAME = 'shop.orders'", "import shop.orders", "print('a' * 500)", ""])
def test_code_without_such_calls(source: str) -> None:
    facts = look(source)
    assert not facts.imports_siblings
    assert facts.strings == frozenset()


def test_objects_in_modules() -> None:
    """The form of entry points counts in any code: the call that imports the module may have any name."""
    facts = look("TABLE = {'s3': 'shop.s3:Store', 'web': 'shop.web:Site.open', 'at': 'host:80'}\nmake(TABLE['s3'])")
    assert facts.strings == {"shop.s3:Store", "shop.web:Site.open"}
    assert not facts.imports_siblings


def test_attributes_of_a_package() -> None:
    """A package may import its modules when an attribute is read; in another module this is an ordinary function."""
    source = "NAMES = ('orders',)\ndef __getattr__(name):\n    raise AttributeError(name)"
    assert look(source, is_package=True).imports_siblings
    assert "orders" in look(source, is_package=True).strings
    assert not look(source).imports_siblings


def test_lists() -> None:
    """Modules that list modules, files beside them, or the type stub of their package."""
    assert look("import pkgutil\npkgutil.iter_modules(['x'])").lists_modules
    assert look("import os\nos.listdir(os.path.dirname(__file__))").lists_files
    assert not look("import os\nos.listdir('x')").lists_files
    assert look("import lazy_loader\nlazy_loader.attach_stub(__name__, __file__)", is_package=True).reads_stubs


def test_scripts() -> None:
    """Names of Python files, whose folders are often joined elsewhere; not those that every package has."""
    source = 'START = "bin/work-er.py"\ndef f(n):\n    return n in ("serve.py", "setup.py", "__init__.py", "serve.pyc")'
    assert look(source).scripts == {"work-er.py", "serve.py"}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import sys\ndef f(x):\n    run([sys.executable, '-m', 'shop.worker', x])", {"shop.worker"}),
        ("run((python, '-m', 'shop.worker'))", {"shop.worker"}),
        ("COMMAND = ['-u', '-m', 'shop.worker', '--fast']", {"shop.worker"}),
        ("run([python, '-m', 'shop.a']) or run([python, '-m', 'shop.b'])", {"shop.a", "shop.b"}),
        ("def f():\n    run([python, '-m', name])\nNAMES = ['shop.a']", set()),
    ],
)
def test_command_lines(source: str, names: set[str]) -> None:
    """Names of modules beside the option are those that the code starts in another process."""
    assert look(source).commands == names


def test_long_strings_are_no_names() -> None:
    assert look(f"import_module('a' if x else {'b' * 201!r})").strings == {"a"}


def test_compiled_modules() -> None:
    """Names in C code end with a zero byte, and begin after one."""
    content = b"\x7fELF\0shop.orders\0no name\0json\0\xff\xfe\0x"
    assert scan_binary(content) == {"shop.orders", "json"}


def test_compiled_modules_with_unreadable_strings() -> None:
    """New versions of Cython compress the names."""
    assert hides_names(b"\x7fELF\0cython_runtime\0\x12shop.ord\xff")
    assert not hides_names(b"\x7fELF\0cython_runtime\0__test__\0shop.orders\0")
    assert not hides_names(b"\x7fELF\0shop.orders\0")


@given(st.binary())
def test_any_bytes(content: bytes) -> None:
    assert all(name.replace(".", "_").isidentifier() for name in scan_binary(content))
