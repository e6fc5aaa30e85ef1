"""What PyInstaller is told: a spec file, written for one bundle. Pure.

A bundle starts afresh for every task, so the settings are those that start soonest: modules are stored uncompressed
(`MODULE_COMPRESSION`), and what PyInstaller's run-time hooks prepare for a few library modules is done when those are
first imported (`dagfloe.runtime.process.late_hooks`), because doing it at every start takes as long as Python itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagfloe.runtime.process.late_hooks import HOOKS

if TYPE_CHECKING:
    from pathlib import Path

#: For PyInstaller's environment. Reading modules is quicker without; what is published is compressed as a whole.
MODULE_COMPRESSION = {"PYINSTALLER_ZLIB_COMPRESSION_LEVEL": "0"}
#: Of a distribution's metadata: they say how and where it was installed, and make each environment's bundle another.
_MACHINE_BOUND = ("RECORD", "direct_url.json")
_TEMPLATE = """# Written by dagfloe for PyInstaller.
import json, os, shutil
from PyInstaller.utils.hooks import collect_data_files, copy_metadata

if not os.path.exists({analysis!r}):
    datas = {datas!r}
    for package in {package_data!r}:
        datas += collect_data_files(package)
    for distribution in {metadata!r}:
        datas += copy_metadata(distribution)
    analysis = Analysis(
        [{entry!r}],
        pathex={paths!r},
        hiddenimports={hidden_imports!r},
        datas=datas,
        excludes={excludes!r},
    )
    late = [script for script in analysis.scripts if script[0] in {late!r}]
    scripts = [script for script in analysis.scripts if script not in late]
    pure = analysis.pure + [(name, path, "PYMODULE") for name, path, _ in late]
    library = {library!r}
    datas = []
    for name, path, kind in analysis.datas:
        if name == os.path.basename(library):
            shutil.copyfile(path, library)
            path = library
        if not (".dist-info" in name and os.path.basename(name) in {machine_bound!r}):
            datas.append((name, path, kind))
    lists = dict(scripts=scripts, pure=pure, binaries=list(analysis.binaries), datas=datas)
    with open({analysis!r}, "w", encoding="utf-8") as file:
        json.dump(lists, file)
    # Code is written differently by a process that has looked at much, so it is written by the next one, always.
    raise SystemExit
with open({analysis!r}, encoding="utf-8") as file:
    lists = {{name: [tuple(each) for each in listed] for name, listed in json.load(file).items()}}
modules = PYZ(lists["pure"])
if {one_file!r}:
    EXE(modules, lists["scripts"], lists["binaries"], lists["datas"], name={name!r}, upx=False, console=True)
else:
    program = EXE(modules, lists["scripts"], exclude_binaries=True, name={name!r}, upx=False, console=True)
    COLLECT(program, lists["binaries"], lists["datas"], name={name!r}, upx=False)
"""


@dataclass(frozen=True, slots=True)
class Spec:
    """What goes into a frozen program.

    Attributes:
        name: its file name.
        entry: the entry script.
        paths: where modules are found, beside the environment.
        analysis: the file that PyInstaller's findings are read from, or written to when it is not there.
        library: the file to copy the basic modules to, which PyInstaller puts together.
        hidden_imports: modules that no static look finds.
        data: files with the folder that each goes to.
        package_data: packages whose data files come along.
        metadata: distributions whose metadata comes along.
        excludes: modules to leave out.
        one_file: whether it becomes one file that unpacks itself at every start, instead of a folder.
    """

    name: str
    entry: Path
    paths: tuple[Path, ...]
    analysis: Path
    library: Path
    hidden_imports: tuple[str, ...] = ()
    data: tuple[tuple[Path, str], ...] = ()
    package_data: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    one_file: bool = False

    def render(self) -> str:
        """The spec file. Equal values give equal texts."""
        return _TEMPLATE.format(
            name=self.name,
            entry=str(self.entry),
            paths=[str(path) for path in self.paths],
            analysis=str(self.analysis),
            library=str(self.library),
            hidden_imports=list(self.hidden_imports),
            datas=[(str(path), folder) for path, folder in self.data],
            package_data=list(self.package_data),
            metadata=list(self.metadata),
            excludes=list(self.excludes),
            late=sorted(HOOKS.values()),
            machine_bound=_MACHINE_BOUND,
            one_file=self.one_file,
        )
