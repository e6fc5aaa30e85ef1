"""Builds the bundle file of a project: environment, freezing, checks, packing."""

from __future__ import annotations

import hashlib
import time
from statistics import median
from typing import TYPE_CHECKING, Any

from dagfloe.build.bundle_writer import new_bundle_file, prepare_output
from dagfloe.build.checks.airflow_names import check_airflow_names
from dagfloe.build.checks.author_tests import run_author_tests
from dagfloe.build.checks.comparison import Comparison
from dagfloe.build.checks.programs import FrozenProgram
from dagfloe.build.collect.installed import read_installed
from dagfloe.build.dag_processor.answers import ANSWERS_FILE
from dagfloe.build.dag_processor.native_dags import check_native_dags, serialize_answers
from dagfloe.build.dag_processor.sources import embed_sources
from dagfloe.build.freeze.analysis import list_frozen, read_declared, read_libraries
from dagfloe.build.freeze.bytecode import keep_bytecode
from dagfloe.build.freeze.pyinstaller import freeze
from dagfloe.build.freeze.stage import stage
from dagfloe.build.freshness import BuiltBundle
from dagfloe.build.host.floor import find_floor
from dagfloe.build.host.target_check import check_environment, check_floor, check_python
from dagfloe.build.launcher import find_launcher
from dagfloe.build.package_sizes import sizes_by_distribution, sizes_by_package
from dagfloe.build.python.interpreter import find_interpreter
from dagfloe.build.python.virtualenv import ensure_environment
from dagfloe.build.sbom.stocktaking import take_inventory
from dagfloe.build.work_folder import work_folder
from dagfloe.format.bundle_file import read_bundle, verify_bundle
from dagfloe.format.contents import ARCHIVE_COOKIE, read_parts
from dagfloe.format.errors import FreezeError, PackError
from dagfloe.format.manifest import render_manifest, validate_manifest, with_digests
from dagfloe.format.payload import LINK, Payload, read_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Protocol

    from dagfloe.build.freshness import BuildPlan
    from dagfloe.build.host.floor import Floor
    from dagfloe.build.project import Project
    from dagfloe.build.python.virtualenv import Environment

    class Progress(Protocol):
        """Shows the progress of a build."""

        def step(self, name: str, /) -> None:
            """Show that a step begins."""

        def output(self, line: str, /) -> None:
            """Show a line of uv or PyInstaller; only called if the build is verbose."""


#: How many later starts are measured.
_STARTS = 3


def build_bundle(plan: BuildPlan, progress: Progress, *, verbose: bool = False, check: str = "") -> BuiltBundle:
    """Build a bundle file.

    The file appears under its name only after it was written to disk and started once.

    Args:
        plan: the project and the file to make of it. Without a launcher for this platform, the file unpacks itself at
            every start, whatever the plan says.
        progress: shows the steps.
        verbose: whether to show the output of uv and PyInstaller.
        check: a command that tests the file before it appears under its name; empty for none.

    Raises:
        PackError: if the project's settings are wrong, or a step fails. In the second case the logs are kept.
    """
    began = time.monotonic()
    echo: Callable[[str], None] | None = progress.output if verbose else None
    project = plan.project
    launcher = None if plan.one_file else find_launcher()
    if launcher is None:
        if project.native_dags and not project.makes_dags_at_parse:
            raise _no_native_dags(plan)
        _reject_cookie(plan.inputs.read_module(project.source_file), f"the source file of {project.file_name}")
    interpreter = find_interpreter(project)
    check_python(project, interpreter)
    prepare_output(plan.target)
    with work_folder("build", project.file_name) as work:
        progress.step(f"environment with Python {interpreter.version}")
        environment = ensure_environment(project, interpreter, work, upgrade=plan.upgrade, lock=plan.lock, echo=echo)
        check_environment(project, environment)
        check_airflow_names(project, plan.inputs.modules.values(), environment)
        progress.step("freezing")
        entry = stage(project, interpreter, work / "stage")
        installed = read_installed(environment)
        bytecode = keep_bytecode(environment, work)
        comparison = Comparison(project, plan.inputs, environment, entry, work, bytecode)
        with comparison.running():
            program = freeze(
                *(project, plan.inputs, environment, installed, entry, work, work / "build.log"),
                one_file=launcher is None,
                bytecode=bytecode,
                list_unseen=comparison.list_unseen,
                echo=echo,
            )
            progress.step("comparing the frozen program with the project")
            metadata = comparison.check(FrozenProgram(program, work))
        progress.step("packing")
        check_native_dags(project, metadata)
        source, source_index = embed_sources(project, plan.inputs, metadata)
        if launcher is None:  # nothing can be added to one file, so it imports the bundle to answer
            binary = program.read_bytes()
            floor = find_floor(program.name, ((program.name, binary), *read_libraries(work)))
        else:
            binary, floor = _pack_payload(launcher, program, plan, metadata)
        check_floor(project, floor)
        additions = {**source_index, **({"floor": floor.to_manifest()} if floor else {})}
        manifest = with_digests({**metadata, **additions}, hashlib.sha256(binary).digest(), source)
        validate_manifest(manifest)
        rendered = render_manifest(manifest)
        _reject_cookie(rendered, f"the manifest of {project.file_name}")
        with new_bundle_file(plan.target, binary, source, rendered) as file:
            verify_bundle(read_bundle(file))
            first_start_s = _time_start(file, work, metadata)
            run_author_tests(check, file, project, progress.step)
        progress.step("measuring its start")
        later_start_s = median(_time_start(plan.target, work, metadata) for _ in range(_STARTS))
        parts = tuple(read_parts(binary))
        packages = tuple(sizes_by_package(parts, project.file_name, project.modules))
        built = BuiltBundle(
            path=plan.target,
            size=plan.target.stat().st_size,
            unpacked=sum(package.size for package in packages),
            manifest=manifest,
            packages=packages,
            declared=tuple(sizes_by_distribution(parts, read_declared(work))),
            inventory=take_inventory(project, environment, installed, work) if project.sbom else None,
            first_start_s=first_start_s,
            later_start_s=later_start_s,
            seconds=time.monotonic() - began,
            warnings=tuple(comparison.warnings),
        )
        plan.record(_outer_files(project, environment, work), environment.sources, built)
    return built


def _pack_payload(
    launcher: bytes, program: Path, plan: BuildPlan, metadata: dict[str, Any]
) -> tuple[bytes, Floor | None]:
    """The executable region of a bundle file with a launcher, and the oldest host that runs it."""
    project = plan.project
    (program.parent / ANSWERS_FILE).write_bytes(serialize_answers(project, metadata))
    files = tuple(read_program(program.parent))
    floor = find_floor(program.name, ((file.path, file.content) for file in files if file.kind != LINK))
    payload = Payload(
        project.file_name,
        program.name,
        files,
        cache_dir=project.cache_dir,
        loader=floor.loader if floor else "",
        libc_version=floor.libc_version if floor else "",
    )
    return payload.pack(launcher, plan.read_earlier()), floor


def _time_start(file: Path, work: Path, metadata: dict[str, Any]) -> float:
    """Start a bundle file, check that it prints these metadata, and return how many seconds that took."""
    began = time.monotonic()
    packed_metadata = FrozenProgram(file, work).read_metadata()
    seconds = time.monotonic() - began
    if packed_metadata != metadata:
        raise FreezeError(
            f"{file.name} prints other metadata than the program that was packed into it: the file is damaged, or the "
            "module of the bundle declares other things at every import"
        )
    return seconds


def _outer_files(project: Project, environment: Environment, work: Path) -> Iterator[Path]:
    """The files that decide on the result and are outside of the project and of the work folder."""
    yield environment.interpreter.executable
    yield environment.stamp
    for path in list_frozen(work):
        if path.is_absolute() and not path.is_relative_to(work) and not path.is_relative_to(project.source_root):
            yield path


def _no_native_dags(plan: BuildPlan) -> PackError:
    reason = "with --one-file" if plan.one_file else "on this platform, for which dagfloe has no launcher"
    return PackError(
        f"{plan.project.pyproject}: [tool.dagfloe] native-dags needs the launcher, which answers Airflow's Dag "
        f"processor, and a build {reason} has none: remove {'--one-file' if plan.one_file else 'native-dags'}"
    )


def _reject_cookie(region: bytes, name: str) -> None:
    """Refuse a region in which PyInstaller would find its archive's cookie: the last one in the file counts.

    Raises:
        PackError: if the cookie is in it.
    """
    if ARCHIVE_COOKIE in region:
        raise PackError(
            f"{name} contains the 8 bytes by which PyInstaller finds its archive (MEI 0C 0B 0A 0B 0E), so the program "
            "would not start: write these bytes with escapes"
        )
