"""What is installed in an environment: distributions, what they require, and their modules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import Distribution, distributions
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from dagfloe.build.collect.record import DistributionFiles, read_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dagfloe.build.python.virtualenv import Environment

#: Prints where Python looks for distributions, and the values of the markers of requirements.
_INSPECT = """
import json, os, platform, sys
version = sys.implementation.version
release = f"{version.major}.{version.minor}.{version.micro}"
if version.releaselevel != "final":
    release += version.releaselevel[0] + str(version.serial)
print(json.dumps({"path": sys.path, "builtin": sorted(sys.stdlib_module_names), "markers": {
    "implementation_name": sys.implementation.name,
    "implementation_version": release,
    "os_name": os.name,
    "platform_machine": platform.machine(),
    "platform_python_implementation": platform.python_implementation(),
    "platform_release": platform.release(),
    "platform_system": platform.system(),
    "platform_version": platform.version(),
    "python_full_version": platform.python_version(),
    "python_version": ".".join(platform.python_version_tuple()[:2]),
    "sys_platform": sys.platform,
}}))
"""


@dataclass(frozen=True)
class Installed:
    """The distributions of an environment.

    Attributes:
        distributions: the distributions by normalized name.
        markers: the values of the markers of requirements, for the environment's Python.
        standard_library: the top-level modules of its standard library.
    """

    distributions: Mapping[str, Distribution]
    markers: Mapping[str, str]
    standard_library: frozenset[str]

    @cached_property
    def files(self) -> dict[str, DistributionFiles]:
        """The files of every distribution by its normalized name."""
        return {name: read_files(distribution) for name, distribution in self.distributions.items()}

    @cached_property
    def modules(self) -> frozenset[str]:
        """The modules of all distributions, and the packages that have no file."""
        names: set[str] = set()
        for files in self.files.values():
            for module in files.modules:
                name = module
                while name and name not in names:
                    names.add(name)
                    name = name.rpartition(".")[0]
        return frozenset(names)

    def close(self, requirements: Iterable[Requirement]) -> dict[str, bool]:
        """Everything that requirements need, by normalized name.

        Args:
            requirements: the requirements of a project.

        Returns:
            For each distribution whether the project declares it: by its name, or by an extra that it names.
        """
        declared: dict[str, bool] = {}
        for _, name, is_declared in self._walk(requirements):
            declared[name] = declared.get(name, False) or is_declared
        return declared

    def requirements_of(self, requirements: Iterable[Requirement]) -> dict[str, set[str]]:
        """What each of the distributions that requirements need requires itself, by normalized name.

        Args:
            requirements: the requirements of a project.

        Returns:
            The distributions that each requires, with the extras that are asked for; those of the project itself under
            an empty name.
        """
        required: dict[str, set[str]] = {"": set()}
        for parent, name, _ in self._walk(requirements):
            required.setdefault(name, set())
            if parent != name:  # an extra may name other extras of the same distribution
                required[parent].add(name)
        return required

    def _walk(self, requirements: Iterable[Requirement]) -> Iterator[tuple[str, str, bool]]:
        """Each requirement that applies: who requires it, its name, and whether the project declares it."""
        seen: set[tuple[str, frozenset[str], bool]] = set()
        pending = [("", item, True) for item in requirements if self._applies(item, ())]
        while pending:
            parent, requirement, is_declared = pending.pop()
            name = canonicalize_name(requirement.name)
            if name not in self.distributions:
                continue
            yield parent, name, is_declared
            key = (name, frozenset(requirement.extras), is_declared)
            if key in seen:
                continue
            seen.add(key)
            for needed in _requirements(self.distributions[name]):
                if self._applies(needed, ()):
                    pending.append((name, needed, False))
                elif self._applies(needed, requirement.extras):
                    pending.append((name, needed, is_declared))

    def _applies(self, requirement: Requirement, extras: Iterable[str]) -> bool:
        marker = requirement.marker
        return marker is None or any(marker.evaluate({**self.markers, "extra": extra}) for extra in (extras or ("",)))


def read_installed(environment: Environment) -> Installed:
    """Read what is installed in an environment.

    Raises:
        FreezeError: if the environment is damaged.
    """
    answer = environment.inspect(_INSPECT)
    found: dict[str, Distribution] = {}
    for distribution in distributions(path=answer["path"]):
        name = distribution.metadata["Name"]
        if name:
            found.setdefault(canonicalize_name(name), distribution)
    return Installed(found, answer["markers"], frozenset(answer["builtin"]))


def _requirements(distribution: Distribution) -> Iterator[Requirement]:
    for line in distribution.requires or ():
        try:
            yield Requirement(line)
        except InvalidRequirement:  # old metadata has lines that pip accepts
            continue
