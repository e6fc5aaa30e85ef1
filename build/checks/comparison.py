"""Compares a frozen program with its project: both import everything, and both say what they declare.

The project runs while PyInstaller freezes it, so the comparison does not make a build slower.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dagfloe.build.author.modules import list_named_imports
from dagfloe.build.checks.contents import read_contents
from dagfloe.build.checks.declarations import check_declarations
from dagfloe.build.checks.host_places import list_warnings
from dagfloe.build.checks.imports import check_imports
from dagfloe.build.checks.missing import describe_missing, find_missing
from dagfloe.build.checks.programs import UnfrozenProgram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from dagfloe.build.checks.programs import FrozenProgram
    from dagfloe.build.inputs import ProjectInputs
    from dagfloe.build.project import Project
    from dagfloe.build.python.virtualenv import Environment


class Comparison:
    """The comparison of a project with the program that is frozen from it.

    Args:
        project: the project.
        inputs: its files.
        environment: its environment.
        entry: the entry script.
        work: the work folder of the build.
        bytecode: the variables with which Python keeps its bytecode.

    Attributes:
        warnings: what works here and may not on a worker, once `check` was called.
    """

    def __init__(
        self,
        project: Project,
        inputs: ProjectInputs,
        environment: Environment,
        entry: Path,
        work: Path,
        bytecode: Mapping[str, str],
    ) -> None:
        self._project = project
        self._environment = environment
        self._work = work
        self._modules = inputs.modules
        self.warnings: list[str] = []
        self._named = list_named_imports(inputs.modules.values())
        self._targets = work / "targets.json"
        self._targets.write_text(json.dumps([*self._named]), "utf-8")
        paths = (entry.parent, project.source_root)
        self._unfrozen = UnfrozenProgram((environment.python, entry), paths, project.root, bytecode)
        self._report: dict[str, Any] | None = None
        self._wait_for_report: Callable[[], dict[str, Any]]
        self._wait_for_metadata: Callable[[], dict[str, Any]]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the project during the block, which calls `check`."""
        with (
            self._unfrozen.start_self_check(self._targets) as self._wait_for_report,
            self._unfrozen.start_metadata() as self._wait_for_metadata,
        ):
            yield

    def list_unseen(self) -> list[str]:
        """The modules that the project loads and the program would lack, by the result of the analysis.

        Raises:
            FreezeError: if the project's self-check prints no report.
        """
        return sorted(find_missing(self._read_report(), read_contents(self._work), self._project).modules)

    def _read_report(self) -> dict[str, Any]:
        """The report of the project's self-check."""
        if self._report is None:
            self._report = self._wait_for_report()
        return self._report

    def check(self, frozen: FrozenProgram) -> dict[str, Any]:
        """Check that a program imports and declares what its project does.

        Args:
            frozen: the program.

        Returns:
            The program's metadata.

        Raises:
            FreezeError: if it does not. The message has the cause and the cure.
        """
        contents = read_contents(self._work)
        report, unfrozen_report = frozen.self_check(self._targets), self._read_report()
        find_installed = self._environment.find_modules
        check_imports(self._project, report, unfrozen_report, self._named, contents, find_installed)
        self.warnings = list_warnings(self._project, self._modules.values(), report, contents)
        metadata = frozen.read_metadata()
        check_declarations(
            metadata,
            self._wait_for_metadata(),
            frozen.read_metadata,
            lambda: describe_missing(find_missing(unfrozen_report, contents, self._project), self._project),
        )
        return metadata
