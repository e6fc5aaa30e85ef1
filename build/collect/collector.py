"""Adds to PyInstaller's analysis what a project declares. Runs in the environment, inside PyInstaller.

PyInstaller follows import statements. Distributions that a project declares are often imported in other ways: by a
plugin's entry point, by a URL's scheme, by a name in a table. So each declared distribution goes in whole. Of the
distributions that these require, the modules that something imports, those that entry points name, and those that code
imports by name go in, and all their data files and metadata. A required distribution that nothing imports is there for
code that imports it by name, so it goes in whole, too, and so does one that a compiled module with unreadable strings
may import. Such modules are also imported, to see what they load.

This module and those that it imports use only the standard library.
"""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

from dagfloe.build.collect.code_scan import hides_names, scan, scan_binary
from dagfloe.build.collect.record import normalize_name, read_files, under

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from importlib.metadata import Distribution

    from dagfloe.build.collect.code_scan import CodeFacts

#: Groups of entry points that only installers, test runners and builds read.
_TOOL_GROUPS = ("console_scripts", "gui_scripts", "pyinstaller40", "pytest11", "distutils.", "setuptools.", "egg_info.")
#: The classes of nodes in PyInstaller's graph that stand for modules in files.
_MODULE_NODES = frozenset(("SourceModule", "CompiledModule", "Package", "Extension", "ExtensionPackage"))
_CODE_NODES = frozenset(("SourceModule", "CompiledModule", "Package"))
_PACKAGE_NODES = frozenset(("Package", "ExtensionPackage"))
#: The modules that compiled modules may import. The others only people start.
_STANDARD_LIBRARY = sys.stdlib_module_names - frozenset(
    ("antigravity", "ensurepip", "idlelib", "lib2to3", "pip", "test", "this", "tkinter", "turtle", "turtledemo", "venv")
)
#: The libraries that a wheel brings for its compiled modules. PyInstaller finds them with these modules.
_WHEEL_LIBRARY = re.compile(r"[^/]+\.libs/")
#: Imports modules, and prints all modules that are loaded then.
_TRACE = """
import contextlib, importlib, sys
with contextlib.redirect_stdout(sys.stderr):
    for name in sys.argv[1:]:
        with contextlib.suppress(BaseException):
            importlib.import_module(name)
print(*sys.modules)
"""
_TRACE_TIMEOUT_S = 60
#: The name at the start of a requirement.
_REQUIREMENT = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to collect.

    Attributes:
        whole: the distributions to take whole, by normalized name.
        closure: all distributions that the project needs.
        slim: those of which only the modules that something imports are taken.
        collect: distributions of which even the tests and the headers are taken.
        packages: packages of which all modules and files are taken.
        excludes: modules to leave out.
    """

    whole: tuple[str, ...] = ()
    closure: tuple[str, ...] = ()
    slim: tuple[str, ...] = ()
    collect: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


@dataclass(slots=True)
class _State:
    """What the analysis contains so far.

    Attributes:
        names: the names that were added to the graph.
        scanned: the modules whose code was read.
        lists_files: packages that list the files in their folders.
        stubs: packages that read their type stubs.
        scripts: the files of modules that the code of their distribution names.
        unreadable: compiled modules that hide what they import, and whose imports were not traced yet.
    """

    names: set[str] = field(default_factory=set)
    scanned: set[str] = field(default_factory=set)
    lists_files: set[str] = field(default_factory=set)
    stubs: set[str] = field(default_factory=set)
    scripts: set[Path] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)


class Collector:
    """Adds modules and files to an analysis.

    Args:
        plan: what to collect.
        installed: the distributions of the environment; by default those of this process.
    """

    def __init__(self, plan: Plan, installed: Iterable[Distribution] | None = None) -> None:
        self._plan = plan
        self._installed: dict[str, Distribution] = {}
        for distribution in distributions() if installed is None else installed:
            self._installed.setdefault(normalize_name(distribution.metadata["Name"] or ""), distribution)
        wanted = [name for name in {*plan.closure, *plan.collect} if name in self._installed]
        self._files = {name: read_files(self._installed[name]) for name in sorted(wanted)}
        self._owners = {module: name for name, files in self._files.items() for module in files.modules}
        self._children: dict[str, list[str]] = {}
        for module, name in self._owners.items():
            if module not in self._files[name].tests:
                self._children.setdefault(module.rpartition(".")[0], []).append(module)
        self._state = _State()
        self._before: frozenset[str] = frozenset()
        self._datas_before: frozenset[str] = frozenset()

    def wrap(self, run_hooks: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        """A replacement for `PyiModuleGraph.process_post_graph_hooks`, which calls the original.

        Args:
            run_hooks: the original.
        """

        def run(graph: Any, analysis: Any) -> None:
            run_hooks(graph, analysis)
            self._before = frozenset(node.identifier for node in _list_modules(graph))
            self._datas_before = frozenset(entry[0] for entry in _list_hook_files(graph, analysis))
            pending = set(self._wanted())
            while True:
                while pending:
                    self._add(graph, pending)
                    run_hooks(graph, analysis)
                    pending = set(self._follow(graph)) - self._state.names
                pending = {*self._unreached(graph), *self._trace_unreadable()} - self._state.names
                if not pending:
                    break
            analysis.datas.extend((path, str(file), "DATA") for path, file in self._list_data())

        return run

    def describe(self, pure: Iterable[Any], files: Iterable[Any]) -> list[tuple[str, str, str]]:
        """What is in the program only because it is declared.

        Args:
            pure: PyInstaller's entries for modules.
            files: those for other files.

        Returns:
            The name of each part, its file, and the distribution that it belongs to.
        """
        by_file = {str(path): name for name, files in self._files.items() for path in files.modules.values()}
        by_file.update((str(path), name) for name, files in self._files.items() for _, path in files.data)
        added = [(name, path) for name, path, _ in pure if name not in self._before]
        known = {str(self._files[self._owners[name]].modules[name]) for name in self._before & self._owners.keys()}
        added += [(name, path) for name, path, _ in files if name not in self._datas_before and path not in known]
        imported = {self._owners[name] for name in self._before & self._owners.keys()}
        return sorted(
            (name, path, by_file[path])
            for name, path in added
            if path in by_file and not (by_file[path] in imported and _WHEEL_LIBRARY.match(name))
        )

    def _wanted(self) -> Iterator[str]:
        """The modules that are taken whatever the code says."""
        for name in (*self._plan.whole, *self._plan.collect):
            if name in self._files and name not in self._plan.slim:
                yield from self._whole(name)
        yield from under(self._owners, self._plan.packages)
        for name in self._files:
            if name not in self._plan.slim:
                for point in self._installed[name].entry_points:
                    if not point.group.startswith(_TOOL_GROUPS):
                        yield point.value.partition(":")[0].strip()

    def _whole(self, name: str) -> Iterator[str]:
        files = self._files[name]
        return (module for module in files.modules if name in self._plan.collect or module not in files.tests)

    def _add(self, graph: Any, names: Iterable[str]) -> None:
        for name in sorted(names):
            self._state.names.add(name)
            try:
                graph.add_hiddenimports([name])
            except Exception as error:  # noqa: BLE001 - one module that cannot be read is not the build's failure
                print(f"dagfloe: {name} is left out: {error!r}")  # noqa: T201 - PyInstaller's log

    def _follow(self, graph: Any) -> Iterator[str]:
        """The modules that the code in the graph imports by name."""
        for node in _list_modules(graph):
            module = node.identifier
            owner = self._owners.get(module)
            if module in self._state.scanned or owner is None or owner in self._plan.slim:
                continue
            self._state.scanned.add(module)
            if type(node).__name__ not in _CODE_NODES:
                content = Path(node.filename).read_bytes()
                yield from self._named_in_binary(content)
                if hides_names(content):
                    self._state.unreadable.add(module)
                    yield from self._required_by(owner)
            elif isinstance(node.code, CodeType):
                is_package = type(node).__name__ in _PACKAGE_NODES
                facts = scan(node.code, is_package=is_package)
                package = module if is_package else module.rpartition(".")[0]
                if facts.lists_files:
                    self._state.lists_files.add(package)
                if facts.reads_stubs:
                    self._state.stubs.add(package)
                yield from self._named(facts, package)
                yield from self._scripts(facts, owner)
                yield from self._commands(facts)

    def _named(self, facts: CodeFacts, package: str) -> Iterator[str]:
        if facts.imports_siblings or facts.lists_files:
            yield from self._children.get(package, ())
        if facts.lists_modules:
            yield from (name for name in under(self._owners, [package]) if name not in self._tests_of(name))
        for string in facts.strings:
            name = _resolve(string.partition(":")[0], package)
            if string.endswith("."):
                yield from self._children.get(name, ()) if name else ()
            while name:
                if name in self._owners and self._owners[name] not in self._plan.slim:
                    yield name
                    break
                name = name.rpartition(".")[0] if "." in name else ""

    def _scripts(self, facts: CodeFacts, owner: str) -> Iterator[str]:
        """The modules whose files the code may start as scripts. They import more modules, and are needed as files."""
        if facts.scripts:
            for module, file in self._files[owner].modules.items():
                if file.name in facts.scripts and module not in self._files[owner].tests:
                    self._state.scripts.add(file)
                    yield module

    def _commands(self, facts: CodeFacts) -> Iterator[str]:
        """The modules that command lines run, and the `__main__` of those that are packages."""
        for name in facts.commands:
            main = f"{name}.__main__"
            yield from self._takeable({name, main} & self._owners.keys())
            if name.partition(".")[0] in _STANDARD_LIBRARY:
                with suppress(ImportError):  # a name that is not a module
                    spec = find_spec(name)
                    yield from () if spec is None else (name,)
                    yield from () if spec is None or spec.submodule_search_locations is None else (main,)

    def _required_by(self, owner: str) -> Iterator[str]:
        """The modules of all distributions that this one requires: its compiled modules may import any of them."""
        for requirement in self._installed[owner].requires or ():
            match = _REQUIREMENT.match(requirement)
            name = normalize_name(match[0]) if match else ""
            if name in self._files and name not in self._plan.slim:
                yield from self._whole(name)

    def _trace_unreadable(self) -> Iterator[str]:
        """The modules that are loaded when compiled modules that hide their imports are imported."""
        modules, self._state.unreadable = sorted(self._state.unreadable), set()
        if not modules:
            return
        try:
            command = [sys.executable, "-c", _TRACE, *modules]
            ended = subprocess.run(command, capture_output=True, text=True, timeout=_TRACE_TIMEOUT_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            print(f"dagfloe: the imports of {modules} cannot be traced: {error!r}")  # noqa: T201 - PyInstaller's log
            return
        yield from self._takeable(ended.stdout.split())

    def _named_in_binary(self, content: bytes) -> Iterator[str]:
        """The modules whose names a compiled module contains. Static analysis does not read its imports."""
        yield from self._takeable(scan_binary(content))

    def _takeable(self, names: Iterable[str]) -> Iterator[str]:
        """The names of these that modules have which compiled modules may import."""
        for name in names:
            owner = self._owners.get(name)
            if (owner is None and name in _STANDARD_LIBRARY) or (
                owner is not None and owner not in self._plan.slim and name not in self._tests_of(name)
            ):
                yield name

    def _tests_of(self, module: str) -> set[str]:
        return self._files[self._owners[module]].tests

    def _unreached(self, graph: Any) -> Iterator[str]:
        """The modules of required distributions that nothing in the graph imports."""
        reached = {self._owners.get(node.identifier) for node in _list_modules(graph)}
        for name in self._files:
            if name not in reached and name not in self._plan.slim:
                yield from self._whole(name)

    def _list_data(self) -> Iterator[tuple[str, Path]]:
        """The data files of all distributions, and the sources that code reads."""
        stubs = {f"{_folder(package)}__init__.pyi" for package in self._state.stubs}
        for name, files in self._files.items():
            if name not in self._plan.slim:
                excluded = {*_in(files.data, self._plan.excludes)}
                yield from (entry for entry in files.data if entry not in excluded)
                yield from _in(files.sources, self._state.lists_files)
                yield from (entry for entry in files.sources if entry[1] in self._state.scripts)
                yield from (entry for entry in files.development if entry[0] in stubs)
            yield from files.development if name in self._plan.collect else ()
            yield from _in([*files.data, *files.development], self._plan.packages)


def _in(entries: Iterable[tuple[str, Path]], packages: Iterable[str]) -> Iterator[tuple[str, Path]]:
    """The files of these that are in the folders of packages."""
    folders = tuple(map(_folder, packages))
    return (entry for entry in entries if entry[0].startswith(folders))


def _folder(package: str) -> str:
    return f"{package.replace('.', '/')}/"


def _resolve(string: str, package: str) -> str:
    """The absolute form of a module's name in a module of a package; empty outside of all packages."""
    name = string.lstrip(".")
    level = len(string) - len(name)
    parents = package.split(".") if level else []
    if level > len(parents):
        return ""
    return ".".join([*parents[: len(parents) - level + 1], *name.rstrip(".").split(".")]).strip(".")


def _list_modules(graph: Any) -> list[Any]:
    nodes = graph.iter_graph(start=graph._top_script_node)  # noqa: SLF001 - what PyInstaller freezes starts there
    return [node for node in nodes if type(node).__name__ in _MODULE_NODES]


def _list_hook_files(graph: Any, analysis: Any) -> Iterator[tuple[str, ...]]:
    yield from analysis.datas
    yield from analysis.binaries
    yield from graph.make_hook_datas_toc()
    yield from graph.make_hook_binaries_toc()
