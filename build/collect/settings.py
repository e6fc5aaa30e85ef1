"""Checks the entries of [tool.dagfloe] that name what is installed, before PyInstaller starts, and resolves them."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from dagfloe.build.collect.collector import Plan
from dagfloe.format.errors import PackError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagfloe.build.collect.installed import Installed
    from dagfloe.build.project import Project
    from dagfloe.build.python.virtualenv import Environment

_WILDCARDS = frozenset("*?[")
_MODULE, _PACKAGE, _DISTRIBUTION = "a module", "a package", "an installed distribution"
#: Modules that no task needs and that bring many others: only desktops need the first two.
_EXCLUDED = ("tkinter", "_tkinter", "PyInstaller")


@dataclass(frozen=True, slots=True)
class Contents:
    """What the settings of a project add to its program, and what they leave out.

    Attributes:
        hidden_imports: modules to add.
        package_data: packages whose data files to add.
        metadata: distributions whose metadata to add, by normalized name.
        excludes: modules to leave out.
        plan: the distributions to add.
    """

    hidden_imports: tuple[str, ...]
    package_data: tuple[str, ...]
    metadata: tuple[str, ...]
    excludes: tuple[str, ...]
    plan: Plan


def read_contents(
    project: Project, own_modules: Iterable[str], environment: Environment, installed: Installed
) -> Contents:
    """Resolve the settings of a project.

    Args:
        project: the project.
        own_modules: its modules.
        environment: its environment.
        installed: what is installed in it.

    Raises:
        PackError: if an entry matches nothing. The message names the closest match.
    """
    known = _Known(project, own_modules, environment, installed)
    closure = installed.close(project.dependencies)
    excluded = tuple(known.match_modules("exclude", project.exclude))
    collected, packages = known.match_collect(project.collect)
    collected += known.find_owners(packages)
    slim = (
        tuple(closure)
        if project.slim is True
        else tuple(known.match_distributions("slim", project.slim or (), closure))
    )
    hidden_imports = tuple(known.match_modules("hidden-imports", project.hidden_imports))
    known.check_hooks()
    wanted = {_plain(name) for name in (*hidden_imports, *packages)} | {*closure}
    return Contents(
        hidden_imports=hidden_imports,
        package_data=tuple(known.match_modules("package-data", project.package_data, _PACKAGE)),
        metadata=tuple(
            sorted(
                {
                    *closure,
                    *collected,
                    *known.match_distributions("metadata", project.metadata, installed.distributions),
                }
            )
        ),
        excludes=(*(name for name in _EXCLUDED if _plain(name) not in wanted), *excluded),
        plan=Plan(
            whole=tuple(sorted(name for name, is_declared in closure.items() if is_declared)),
            closure=tuple(sorted(closure)),
            slim=tuple(sorted({*slim} - {*collected})),  # `collect` is the more exact wish
            collect=tuple(sorted(collected)),
            packages=tuple(sorted(packages)),
            excludes=excluded,
        ),
    )


class _Known:
    """The names that entries may match."""

    def __init__(
        self, project: Project, own_modules: Iterable[str], environment: Environment, installed: Installed
    ) -> None:
        self._project = project
        self._environment = environment
        self._installed = installed
        self._own = frozenset(own_modules)

    def match_modules(self, key: str, entries: Iterable[str], kind: str = _MODULE) -> list[str]:
        names: list[str] = []
        for entry in entries:
            if not _is_pattern(entry) and self._has_module(entry):
                names.append(entry)
                continue
            known = self._modules() if kind is _MODULE else self._packages()
            found = sorted(fnmatch_all(known, entry)) if _is_pattern(entry) else []
            if not found:
                raise self._error(key, entry, kind, known)
            names += found
        return names

    def match_distributions(self, key: str, entries: Iterable[str], known: Iterable[str]) -> list[str]:
        names: list[str] = []
        candidates = {*known}
        own = {self._project.file_name}
        for entry in entries:
            found = sorted(fnmatch_all(candidates | own, str(canonicalize_name(entry))))
            if not found:
                raise self._error(key, entry, _DISTRIBUTION, candidates)
            names += [name for name in found if name in candidates]
        return names

    def match_collect(self, entries: Iterable[str]) -> tuple[list[str], list[str]]:
        """The distributions and the packages that entries of `collect` match."""
        distributions: list[str] = []
        packages: list[str] = []
        for entry in entries:
            found = fnmatch_all(self._installed.distributions, str(canonicalize_name(entry)))
            distributions += found
            modules = [] if found else fnmatch_all(self._modules(), entry)
            if not found and not modules:
                known = {*self._installed.distributions} | self._modules()
                raise self._error("collect", entry, "an installed distribution or package", known)
            packages += modules
        return distributions, packages

    def find_owners(self, packages: Iterable[str]) -> list[str]:
        """The distributions that have these top-level packages: who collects `PIL` means `pillow`."""
        tops = {name for name in packages if "." not in name}
        if not tops:
            return []
        return [
            name
            for name, files in self._installed.files.items()
            if not tops.isdisjoint(module.partition(".")[0] for module in files.modules)
        ]

    def check_hooks(self) -> None:
        """Check that there is a module for every hook in the project's folder of hooks.

        Raises:
            PackError: if a module is missing.
        """
        if self._project.hooks is not None:
            for path in sorted(self._project.hooks.glob("hook-*.py")):
                name = path.stem.removeprefix("hook-")
                if not self._has_module(name):
                    raise self._error("hooks", path.name, f"a module {name}", self._modules(), name)

    def _has_module(self, name: str) -> bool:
        return name in self._modules() or bool(self._environment.find_modules([name]))

    def _modules(self) -> frozenset[str]:
        return self._own | self._installed.modules | self._installed.standard_library

    def _packages(self) -> frozenset[str]:
        return frozenset(name.rpartition(".")[0] or name for name in self._modules())

    def _error(self, key: str, entry: str, kind: str, known: Iterable[str], wanted: str = "") -> PackError:
        closest = get_close_matches((wanted or entry).rstrip(".*?"), sorted(known), 1, 0.6)
        hint = f"the closest is {closest[0]!r}" if closest else "add its distribution to [project] dependencies"
        return PackError(
            f"{self._project.pyproject}: [tool.dagfloe] {key}: {entry!r} does not match {kind} of this project's "
            f"environment: {hint}, or remove the entry"
        )


def fnmatch_all(names: Iterable[str], pattern: str) -> list[str]:
    """The names that a pattern matches. A star also matches dots."""
    return [name for name in names if fnmatchcase(name, pattern)]


def _plain(module: str) -> str:
    """The top-level package of a module, without the mark of an accelerator: `_tkinter` is a part of tkinter."""
    return module.partition(".")[0].lstrip("_").lower()


def _is_pattern(entry: str) -> bool:
    return not _WILDCARDS.isdisjoint(entry)
