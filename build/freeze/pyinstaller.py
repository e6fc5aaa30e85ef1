"""Drives PyInstaller: from a project and its environment to a frozen program."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from dagfloe.build.child_process import clean_environment, run_captured, run_step
from dagfloe.build.freeze.analysis import Analyses, imports_digest
from dagfloe.build.freeze.spec import MODULE_COMPRESSION, Spec
from dagfloe.build.inputs import list_inputs
from dagfloe.build.python.virtualenv import cache_root
from dagfloe.format.errors import FreezeError
from dagfloe.runtime.process.unpacked_folders import LAUNCHER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packaging.requirements import Requirement

    from dagfloe.build.project import Project
    from dagfloe.build.python.virtualenv import Environment

_FREEZE_TIMEOUT_S = 3600
_ASK_TIMEOUT_S = 300
#: With these two, equal inputs freeze to equal bytes.
_REPRODUCIBLE = {"PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": "315532800"}
#: What the runtime imports where a static look does not find it.
_RUNTIME_IMPORTS = (
    "dagfloe.cli.frozen.flags",
    "dagfloe.cli.frozen.output",
    "dagfloe.runtime.server",
    "dagfloe.runtime.log.streams",
)
#: What a task never needs and what drags much in: only type checkers read the one, only terminals the other.
_EXCLUDED = ("typing_extensions", "tkinter", "_tkinter", "PyInstaller")
#: The distributions that an environment has, by name, and whether modules can be imported there.
_LOOK = """
import importlib.metadata, importlib.util, json, sys
def there(name):
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
names = {d.metadata["Name"]: [r for r in d.requires or ()] for d in importlib.metadata.distributions()}
print(json.dumps({"distributions": names, "modules": {name: there(name) for name in sys.argv[1:]}}))
"""


def freeze(
    project: Project,
    environment: Environment,
    entry: Path,
    work: Path,
    log: Path,
    *,
    one_file: bool,
    echo: Callable[[str], None] | None = None,
) -> Path:
    """Freeze a project.

    Args:
        project: the project.
        environment: its environment.
        entry: the entry script, beside the package `dagfloe`.
        work: an existing folder for everything that PyInstaller writes.
        log: the file to append PyInstaller's output to.
        one_file: whether to make one file that unpacks itself at every start, instead of a folder.
        echo: called with every line of it.

    Returns:
        The program; unless it is one file, what it needs is beside it.

    Raises:
        FreezeError: when PyInstaller fails.
    """
    name = project.file_name
    launcher = entry.parent / LAUNCHER
    beside = ((launcher, "dagfloe"),) if one_file and launcher.exists() else ()
    spec = Spec(
        name=name,
        entry=entry,
        paths=(entry.parent, project.source_root),
        analysis=work / "analysis.json",
        library=work / "base_library.zip",
        hidden_imports=(*project.modules, *project.hidden_imports, *_RUNTIME_IMPORTS, "yaml"),
        data=(*project.data, *beside),
        package_data=project.package_data,
        metadata=tuple(_kept_metadata(project, environment)),
        excludes=(*_excluded(project), *project.exclude),
        one_file=one_file,
    )
    compression = {} if one_file else MODULE_COMPRESSION  # which is all the compression that one file has
    file = work / f"{name}.spec"
    text = spec.render()
    file.write_text(text, "utf-8")
    analyses = Analyses(
        cache_root() / "analyses" / name,
        (text, environment.identity, *map(str, list_inputs(project)), *_digests(entry.parent / "dagfloe")),
        {"stage": entry.parent, "work": work},
        project.source_root,
    )

    def run_pyinstaller(step: str) -> None:
        run_step(
            step,
            [
                *(str(environment.python), "-m", "PyInstaller", "--noconfirm", "--clean"),
                *("--distpath", str(work / "out"), "--workpath", str(work / "tmp"), str(file)),
            ],
            log,
            timeout_s=_FREEZE_TIMEOUT_S,
            env=clean_environment({**_REPRODUCIBLE, **compression, "PYINSTALLER_CONFIG_DIR": str(work / "config")}),
            cwd=entry.parent,  # Python looks for modules here first
            echo=echo,
        )

    if not analyses.fetch(work):
        run_pyinstaller("PyInstaller's analysis")
        analyses.keep(work)
    run_pyinstaller("freezing with PyInstaller")
    if one_file:
        return work / "out" / name
    _strip_interpreter(work / "out" / name / "_internal")
    return work / "out" / name / name


def _digests(folder: Path) -> Iterator[str]:
    """The digests of the runtime's modules."""
    for path in sorted(folder.rglob("*.py")):
        yield imports_digest(path.read_bytes())


def _strip_interpreter(folder: Path) -> None:
    """Take the debugging symbols out of Python's own files, which are most of a small bundle.

    What comes from wheels is stripped already, or does not stand it.
    """
    strip = shutil.which("strip")
    if strip is None:
        return
    libraries = sorted([*folder.glob("libpython*.so*"), *folder.glob("python3*/lib-dynload/*.so")])
    for library in (each for each in libraries if not each.is_symlink()):
        subprocess.run([strip, "--strip-unneeded", str(library)], check=False, capture_output=True, timeout=60)


def list_frozen(work: Path) -> list[Path]:
    """Where everything that was frozen comes from; of links, where they lead to."""
    lists = json.loads((work / "analysis.json").read_text("utf-8"))
    return [Path(path) for files in lists.values() for _, path, _ in files]


def read_one_file(program: Path, work: Path) -> Iterator[tuple[str, bytes]]:
    """Path and content of a program in the one-file form, and of the libraries that were frozen into it."""
    yield program.name, program.read_bytes()
    lists = json.loads((work / "analysis.json").read_text("utf-8"))
    for name, path, kind in lists["binaries"]:
        if kind in ("BINARY", "EXTENSION"):
            yield name, Path(path).read_bytes()


def check_imports(project: Project, environment: Environment, program: Path, work: Path) -> None:
    """Let the frozen program import everything that it should hold.

    Raises:
        FreezeError: when something is missing or fails, with the line to add for each.
    """
    status, stdout, stderr = ask_program("the self-check", program, ["--self-check"], work)
    try:
        modules: dict[str, Any] = json.loads(stdout)["modules"]
    except (ValueError, KeyError, TypeError):
        raise FreezeError(
            f"the self-check of the frozen program died (status {status}): {_last_line(stderr)}"
        ) from None
    problems = {name: problem for name, problem in modules.items() if problem}
    if not problems:
        return
    missing = sorted({str(problem["missing"]) for problem in problems.values() if problem["missing"]})
    there = _look(environment, *missing)["modules"]
    pyproject = project.root / "pyproject.toml"
    advice = []
    hidden = [name for name in missing if there[name]]
    if hidden:
        line = ", ".join(f'"{name}"' for name in sorted({*project.hidden_imports, *hidden}))
        advice.append(
            f"PyInstaller did not see that {_and(hidden)} {'is' if len(hidden) == 1 else 'are'} imported: "
            f"in [tool.dagfloe] of {pyproject} write\n    hidden-imports = [{line}]"
        )
    absent = [name for name in missing if not there[name]]
    if absent:
        advice.append(f"{_and(absent)} is not installed: add what has it to [project] dependencies of {pyproject}")
    advice += [
        f"{name}: {problem['error']}: {problem['message']} (at {problem['where']})"
        for name, problem in problems.items()
        if not problem["missing"]
    ]
    raise FreezeError("the frozen program cannot import all of its modules:\n  " + "\n  ".join(advice))


def ask_program(what: str, program: Path, arguments: list[str], work: Path) -> tuple[int, str, str]:
    """Run a frozen program for its answer, its unpacking folder being private.

    Returns:
        Its exit status, its stdout and its stderr.

    Raises:
        FreezeError: when it does not run, or not end in time.
    """
    private = work / "unpacked"
    private.mkdir(exist_ok=True)
    env = clean_environment({"TMPDIR": str(private), "DAGFLOE_CACHE_DIR": str(private)})
    return run_captured(what, [str(program), *arguments], timeout_s=_ASK_TIMEOUT_S, env=env)


def read_metadata(program: Path, work: Path) -> dict[str, Any]:
    """What a frozen program says about itself.

    Raises:
        FreezeError: when it does not answer with JSON.
    """
    status, stdout, stderr = ask_program("the metadata", program, ["--bundle-metadata"], work)
    try:
        if status == 0 and isinstance(metadata := json.loads(stdout), dict):
            return metadata
    except ValueError:
        pass
    raise FreezeError(f"the frozen program does not tell its metadata (status {status}): {_last_line(stderr)}")


def _kept_metadata(project: Project, environment: Environment) -> list[str]:
    """The distributions whose metadata is frozen: the declared dependencies that are installed, and the listed ones."""
    installed = {canonicalize_name(name): name for name in _look(environment)["distributions"]}
    wanted = [requirement.name for requirement in project.dependencies if _applies(requirement)]
    for name in project.metadata:
        if canonicalize_name(name) not in installed:
            raise FreezeError(
                f"[tool.dagfloe] metadata names {name!r}, which is not installed: add it to [project] dependencies of "
                f"{project.root / 'pyproject.toml'}"
            )
    return sorted(
        {installed[name] for name in map(canonicalize_name, (*wanted, *project.metadata)) if name in installed}
    )


def _applies(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate()


def _excluded(project: Project) -> Iterator[str]:
    asked_for = {name.partition(".")[0] for name in project.hidden_imports}
    declared = {canonicalize_name(requirement.name) for requirement in project.dependencies}
    for name in _EXCLUDED:
        if name not in asked_for and canonicalize_name(name) not in declared:
            yield name


def _look(environment: Environment, *modules: str) -> dict[str, Any]:
    status, stdout, stderr = run_captured(
        "looking into the environment",
        [str(environment.python), "-I", "-c", _LOOK, *modules],
        timeout_s=_ASK_TIMEOUT_S,
        env=clean_environment(),
    )
    if status:
        raise FreezeError(f"the environment {environment.root} is damaged, delete it: {_last_line(stderr)}")
    answer: dict[str, Any] = json.loads(stdout)
    return answer


def _and(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(map(repr, names[:-1])), repr(names[-1]))))


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
