"""The whole way from a project to a bundle file that is ready for Airflow."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
import uuid
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from dagfloe.build.freeze.pyinstaller import check_imports, freeze, list_frozen, read_metadata, read_one_file
from dagfloe.build.freeze.stage import stage
from dagfloe.build.freshness import Build, BuiltBundle
from dagfloe.build.host.floor import find_floor
from dagfloe.build.launcher import find_launcher
from dagfloe.build.package_sizes import sizes_by_package
from dagfloe.build.project import read_project
from dagfloe.build.python.interpreter import find_interpreter
from dagfloe.build.python.virtualenv import ensure_environment
from dagfloe.format.bundle_file import read_bundle, verify_bundle
from dagfloe.format.contents import read_parts
from dagfloe.format.errors import FreezeError, PackError
from dagfloe.format.manifest import render_manifest, validate_manifest, with_digests
from dagfloe.format.payload import LINK, Payload, read_program
from dagfloe.format.trailer import Trailer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    from dagfloe.build.host.floor import Floor
    from dagfloe.build.project import Project
    from dagfloe.build.python.virtualenv import Environment

    class Progress(Protocol):
        """Is told how a build goes on."""

        def step(self, text: str) -> None:
            """A step begins."""

        def output(self, line: str) -> None:
            """A line of pip or PyInstaller; only called when the build is verbose."""


#: PyInstaller finds its archive by the last of these bytes in the file, so that none may come after the archive's own.
ARCHIVE_COOKIE = b"MEI\x0c\x0b\x0a\x0b\x0e"
_TEMPORARY = ".dagfloe-"
#: How many later starts are measured.
_STARTS = 3


def build_bundle(
    path: Path, output: Path, progress: Progress, *, verbose: bool = False, one_file: bool = False
) -> BuiltBundle:
    """Build the bundle file of a project.

    The file appears under its name only when it is whole, was run once, and is on disk.

    Args:
        path: the project's folder.
        output: the folder for the file; it is made.
        progress: is told how it goes on.
        verbose: whether to tell everything that pip and PyInstaller say.
        one_file: whether it unpacks itself at every start, instead of once on a host; so it is where there is no
            launcher for this platform.

    Raises:
        PackError: when the project is not written as it should be, or a step fails; the steps' log is kept then.
    """
    began = time.monotonic()
    echo: Callable[[str], None] | None = progress.output if verbose else None
    project = read_project(path)
    source = project.source_file.read_bytes()
    launcher = None if one_file else find_launcher()
    if launcher is None:
        _reject_cookie("source file", project.file_name, source)
    interpreter = find_interpreter(project)
    _prepare(output, project.file_name)
    target = output / project.file_name
    build = Build(project, target, one_file=one_file)
    work = Path(tempfile.gettempdir(), f"dagfloe-build-{project.file_name}-{uuid.uuid4().hex}")
    keep = False
    try:
        work.mkdir(mode=0o700)  # in here, so that it is removed whenever the build is interrupted
        progress.step(f"environment with Python {interpreter.version}")
        environment = ensure_environment(project, interpreter, work, echo=echo)
        progress.step("freezing")
        entry = stage(project, interpreter, work / "stage")
        log = work / "build.log"
        program = freeze(project, environment, entry, work, log, one_file=launcher is None, echo=echo)
        progress.step("importing every module in the frozen program")
        check_imports(project, environment, program, work)
        progress.step("packing")
        metadata = read_metadata(program, work)
        if launcher is None:
            binary = program.read_bytes()
            floor = find_floor(program.name, read_one_file(program, work))
        else:
            binary, floor = _with_payload(launcher, program, project)
        manifest, first_start_s = _pack(binary, source, metadata, floor, target, work)
        progress.step("measuring its start")
        later_start_s = median(_time_start(target, work, metadata) for _ in range(_STARTS))
        packages = sizes_by_package(read_parts(binary), project.file_name, project.modules)
        built = BuiltBundle(
            path=target,
            size=target.stat().st_size,
            unpacked=sum(package.size for package in packages),
            manifest=manifest,
            packages=tuple(packages),
            first_start_s=first_start_s,
            later_start_s=later_start_s,
            seconds=time.monotonic() - began,
        )
        build.note(_frozen_files(project, environment, work), built)
    except FreezeError:
        keep = True
        raise
    finally:
        if not keep:
            shutil.rmtree(work, ignore_errors=True)
        else:
            _keep_logs_only(work)
    return built


def _with_payload(launcher: bytes, program: Path, project: Project) -> tuple[bytes, Floor | None]:
    """The executable region of a bundle file with a launcher, and what it needs of its host."""
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
    return payload.pack(launcher), floor


def _pack(
    binary: bytes, source: bytes, metadata: dict[str, Any], floor: Floor | None, target: Path, work: Path
) -> tuple[dict[str, Any], float]:
    """Append source, manifest and trailer to a program, run the result once, and publish it.

    Returns:
        The manifest, and how long the first start took.
    """
    digest = hashlib.sha256(binary).digest()
    found = {"floor": floor.to_manifest()} if floor else {}
    manifest = with_digests({**metadata, **found}, digest, source)
    validate_manifest(manifest)
    rendered = render_manifest(manifest)
    _reject_cookie("manifest", target.name, rendered)
    temporary = target.parent / f"{_TEMPORARY}{target.name}-{uuid.uuid4().hex}"
    try:
        with temporary.open("xb") as file:
            file.write(binary)
            file.write(source + rendered + Trailer(len(source), len(rendered), digest).pack())
            file.flush()
            os.fchmod(file.fileno(), 0o755)
            os.fsync(file.fileno())
        verify_bundle(read_bundle(temporary))
        first_start_s = _time_start(temporary, work, metadata)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)
    return manifest, first_start_s


def _time_start(file: Path, work: Path, metadata: dict[str, Any]) -> float:
    """Start a bundle file, and see that it is whole; how long that took."""
    began = time.monotonic()
    told = read_metadata(file, work)
    seconds = time.monotonic() - began
    if told != metadata:
        raise FreezeError(f"{file.name} tells other metadata once it is packed: the file is damaged")
    return seconds


def _frozen_files(project: Project, environment: Environment, work: Path) -> Iterator[Path]:
    """What was frozen, and is neither the author's nor written for this build; and what it was frozen with."""
    yield environment.interpreter.executable
    yield environment.stamp
    for path in list_frozen(work):
        if path.is_absolute() and not path.is_relative_to(work) and not path.is_relative_to(project.source_root):
            yield path


def _reject_cookie(what: str, name: str, data: bytes) -> None:
    if ARCHIVE_COOKIE in data:
        raise PackError(
            f"the {what} of {name} contains the 8 bytes by which PyInstaller finds its archive "
            "(MEI 0C 0B 0A 0B 0E): the program would not start; write them in another way"
        )


def _prepare(output: Path, name: str) -> None:
    """Make the output folder, and clear what killed builds of the same bundle left in it."""
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PackError(f"the output folder {output} cannot be made: {error.strerror}") from error
    if not os.access(output, os.W_OK | os.X_OK):
        raise PackError(f"the output folder {output} cannot be written: choose another one with --output")
    if (output / name).is_dir():
        raise PackError(f"{output / name} is a folder: remove it, or choose another --output")
    an_hour_ago = time.time() - 3600
    for stale in output.glob(f"{_TEMPORARY}{name}-*"):
        with suppress(OSError):
            if stale.stat().st_mtime < an_hour_ago:
                stale.unlink()


def _keep_logs_only(work: Path) -> None:
    for entry in work.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
