"""Drives PyInstaller: from a project and its environment to a frozen program."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import dagfloe
from dagfloe.build import collect
from dagfloe.build.author.distribution import folder_name, list_entry_modules
from dagfloe.build.author.modules import list_called_imports, list_command_lines
from dagfloe.build.cache_root import cache_root
from dagfloe.build.child_process import clean_environment, run_step
from dagfloe.build.collect.record import under
from dagfloe.build.collect.settings import read_contents
from dagfloe.build.freeze.analysis import ANALYSIS_FILE, LIBRARY_FILE, AnalysisCache, imports_digest, list_frozen
from dagfloe.build.freeze.own_files import add_own_files
from dagfloe.build.freeze.records import add_records
from dagfloe.build.freeze.spec import MODULE_COMPRESSION, Spec
from dagfloe.build.freeze.stage import names_folder
from dagfloe.build.host.target_check import check_frozen
from dagfloe.runtime.process.unpacked_folders import LAUNCHER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dagfloe.build.collect.installed import Installed
    from dagfloe.build.inputs import ProjectInputs
    from dagfloe.build.project import Project
    from dagfloe.build.python.virtualenv import Environment

_FREEZE_TIMEOUT_S = 3600
_STRIP_TIMEOUT_S = 60
#: With these two, equal inputs freeze to equal bytes.
_REPRODUCIBLE = {"PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": "315532800"}
#: Modules that the runtime imports in ways that static analysis does not see.
_RUNTIME_IMPORTS = (
    "dagfloe.cli.frozen.flags",
    "dagfloe.cli.frozen.output",
    "dagfloe.runtime.server",
    "dagfloe.runtime.log.streams",
)


def freeze(
    project: Project,
    inputs: ProjectInputs,
    environment: Environment,
    installed: Installed,
    entry: Path,
    work: Path,
    log: Path,
    *,
    one_file: bool,
    bytecode: Mapping[str, str],
    list_unseen: Callable[[], Iterable[str]],
    echo: Callable[[str], None] | None = None,
) -> Path:
    """Freeze a project.

    Args:
        project: the project.
        inputs: its files.
        environment: its environment.
        installed: what is installed in it.
        entry: the entry script, next to the package `dagfloe`.
        work: an existing folder for everything that PyInstaller writes.
        log: the file to append PyInstaller's output to.
        one_file: whether to make one file that unpacks itself at every start, instead of a folder.
        bytecode: the variables with which Python keeps its bytecode.
        list_unseen: returns the modules that the project loads and the result of the analysis in `work` lacks: they
            are frozen, too.
        echo: called with every line of PyInstaller's output.

    Returns:
        The program; unless it is one file, everything that it needs is in the same folder.

    Raises:
        FreezeError: if PyInstaller fails.
        PackError: if an entry of [tool.dagfloe] matches nothing.
    """
    name = project.file_name
    launcher = entry.parent / LAUNCHER
    launcher_data = ((launcher, "dagfloe"),) if one_file and launcher.exists() else ()
    own_modules = sorted({*project.modules, *list_entry_modules(project)})
    contents = read_contents(project, own_modules, environment, installed)
    hooks = (project.hooks,) if project.hooks else ()
    called = [*list_called_imports(inputs.modules.values()), *_find_started(inputs, environment)]
    settings = Spec(
        name=name,
        entry=entry,
        paths=(entry.parent, project.source_root),
        last_paths=(names_folder(entry.parent),) if project.airflow_names else (),
        analysis=work / ANALYSIS_FILE,
        library=work / LIBRARY_FILE,
        plan=contents.plan,
        tool=Path(dagfloe.__file__).parent,
        hidden_imports=(*own_modules, *called, *contents.hidden_imports, *_RUNTIME_IMPORTS, "yaml"),
        data=(*project.data, *launcher_data),
        binaries=project.binaries,
        hooks=hooks,
        package_data=contents.package_data,
        metadata=contents.metadata,
        excludes=contents.excludes,
        one_file=one_file,
    )
    compression = {} if one_file else MODULE_COMPRESSION  # a one-file program has no other compression
    spec_file = work / f"{name}.spec"
    codes = tuple(_code_digests(entry.parent / "dagfloe", *hooks))

    def run_pyinstaller(step: str) -> None:
        run_step(
            step,
            [
                *(str(environment.python), "-m", "PyInstaller", "--noconfirm", "--clean"),
                *("--distpath", str(work / "out"), "--workpath", str(work / "tmp"), str(spec_file)),
            ],
            log,
            timeout_s=_FREEZE_TIMEOUT_S,
            env=clean_environment(
                {**_REPRODUCIBLE, **compression, **bytecode, "PYINSTALLER_CONFIG_DIR": str(work / "config")}
            ),
            cwd=entry.parent,  # Python looks for modules here first
            echo=echo,
        )

    def analyse(unseen: Iterable[str]) -> bool:
        """Analyse the project. Return whether the cache had the result."""
        spec_source = replace(settings, hidden_imports=(*settings.hidden_imports, *unseen)).render()
        spec_file.write_text(spec_source, "utf-8")
        (work / ANALYSIS_FILE).unlink(missing_ok=True)
        cache = AnalysisCache(
            cache_root() / "analyses" / name,
            (spec_source, environment.identity, *map(str, inputs.paths), *codes),
            {"stage": entry.parent, "work": work},
            project.source_root,
            inputs.read_module,
        )
        is_cached = cache.restore(work)
        if not is_cached:
            run_pyinstaller("PyInstaller's analysis")
            cache.store(work)
        add_own_files(work, project, inputs, entry.parent / folder_name(project))
        add_records(work)
        check_frozen(project, environment, filter(Path.is_absolute, list_frozen(work)))
        return is_cached

    def find_unseen() -> list[str]:
        return [name for name in list_unseen() if not [*under([name], contents.excludes)]]

    # The project runs meanwhile. After an analysis, it has ended; with a cached one, this build does not wait for it.
    is_cached = analyse(())
    if not is_cached and (unseen := find_unseen()):
        analyse(unseen)
    run_pyinstaller("freezing with PyInstaller")
    if is_cached and (unseen := find_unseen()):
        analyse(unseen)
        run_pyinstaller("freezing with PyInstaller")
    if one_file:
        return work / "out" / name
    _strip_interpreter(work / "out" / name / "_internal")
    return work / "out" / name / name


def _find_started(inputs: ProjectInputs, environment: Environment) -> list[str]:
    """The modules that command lines of Python in the author's code name, as far as they exist."""
    names = list_command_lines(inputs.modules.values())
    if not names:
        return []
    return sorted({*environment.find_modules(names), *(name for name in names if name in inputs.modules)})


def _code_digests(runtime: Path, *hooks: Path) -> Iterator[str]:
    """The digests of the code that decides on an analysis: the runtime's imports, the hooks and what collects."""
    for path in sorted(runtime.rglob("*.py")):
        yield imports_digest(path.read_bytes())
    for folder in (*hooks, Path(collect.__file__).parent):
        for path in sorted(folder.rglob("*.py")):
            yield hashlib.sha256(path.read_bytes()).hexdigest()


def _strip_interpreter(folder: Path) -> None:
    """Remove the debugging symbols from Python's own files, which are most of a small bundle.

    Libraries from wheels are stripped already, or break when they are stripped.
    """
    strip = shutil.which("strip")
    if strip is None:
        return
    libraries = sorted([*folder.glob("libpython*.so*"), *folder.glob("python3*/lib-dynload/*.so")])
    for library in libraries:
        if not library.is_symlink():
            command = [strip, "--strip-unneeded", str(library)]
            subprocess.run(command, check=False, capture_output=True, timeout=_STRIP_TIMEOUT_S)
