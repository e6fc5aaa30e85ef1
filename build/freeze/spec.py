"""The spec file of one bundle, which controls PyInstaller. Pure.

A bundle starts once for every task, so the settings are those that start soonest. Modules are stored uncompressed
(`MODULE_COMPRESSION`). PyInstaller's run-time hooks for a few library modules run when such a module is first imported
(`dagfloe.runtime.process.late_hooks`); running them at every start takes as long as Python itself.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from dagfloe.build.freeze import quick_code, quick_scan
from dagfloe.runtime.process.late_hooks import HOOKS, REPLACED

if TYPE_CHECKING:
    from pathlib import Path

    from dagfloe.build.collect.collector import Plan

#: For PyInstaller's environment. Uncompressed modules load sooner, and the bundle file is compressed as a whole.
MODULE_COMPRESSION = {"PYINSTALLER_ZLIB_COMPRESSION_LEVEL": "0"}
#: Files of a distribution's metadata that depend on how and where it was installed, so they would differ between hosts.
_MACHINE_BOUND = ("RECORD", "direct_url.json", "uv_cache.json")
_TEMPLATE = """# Written by dagfloe for PyInstaller.
import json, os, runpy, shutil, sys, types
from PyInstaller.config import CONF
from PyInstaller.depend.analysis import PyiModuleGraph
from PyInstaller.utils.hooks import collect_data_files, copy_metadata

if not os.path.exists({analysis!r}):
    runpy.run_path({quick_scan!r})["install"]()
    package = types.ModuleType("dagfloe")
    package.__path__ = [{tool!r}]
    sys.modules["dagfloe"] = package
    from dagfloe.build.collect.collector import Collector, Plan

    collector = Collector(Plan(**{plan!r}))
    PyiModuleGraph.process_post_graph_hooks = collector.wrap(PyiModuleGraph.process_post_graph_hooks)
    sys.path += {last_paths!r}
    sys.setrecursionlimit(10 * sys.getrecursionlimit())
    datas = {datas!r}
    for package in {package_data!r}:
        datas += collect_data_files(package)
    for distribution in {metadata!r}:
        datas += copy_metadata(distribution)
    analysis = Analysis(
        [{entry!r}],
        pathex={paths!r},
        hiddenimports={hidden_imports!r},
        hookspath={hooks!r},
        datas=datas,
        binaries={binaries!r},
        excludes={excludes!r},
    )
    late = [script for script in analysis.scripts if script[0] in {late!r}]
    scripts = [script for script in analysis.scripts if script not in late and script[0] not in {replaced!r}]
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
    lists["declared"] = collector.describe(pure, lists["binaries"] + datas)
    runpy.run_path({quick_code!r})["keep"](pure, CONF["code_cache"].get(id(analysis.pure)) or {{}}, {paths!r})
    with open({analysis!r}, "w", encoding="utf-8") as file:
        json.dump(lists, file)
    # A process that has analysed much writes code differently. So the code is always written by the next process.
    raise SystemExit
with open({analysis!r}, encoding="utf-8") as file:
    lists = {{name: [tuple(entry) for entry in entries] for name, entries in json.load(file).items()}}
quick_code = runpy.run_path({quick_code!r})
quick_code["rewrite_library"]({library!r})
quick_code["install"]()
modules = PYZ(lists["pure"])
if {one_file!r}:
    EXE(modules, lists["scripts"], lists["binaries"], lists["datas"], name={name!r}, upx=False, console=True)
else:
    program = EXE(modules, lists["scripts"], exclude_binaries=True, name={name!r}, upx=False, console=True)
    folder = COLLECT(program, lists["binaries"], lists["datas"], name={name!r}, upx=False)
    for name, path, kind in lists["datas"]:  # PyInstaller does not keep the permission to execute a file
        if kind == "DATA" and os.stat(path).st_mode & 0o100:
            os.chmod(os.path.join(folder.name, "_internal", name), 0o755)
"""


@dataclass(frozen=True, slots=True)
class Spec:
    """Everything that decides on a frozen program.

    Attributes:
        name: its file name.
        entry: the entry script.
        paths: folders of modules, in addition to the environment.
        analysis: the file with the result of PyInstaller's analysis. If it is missing, PyInstaller only writes it.
        library: the file to copy PyInstaller's archive of basic modules to.
        hidden_imports: modules that static analysis does not find.
        plan: what to collect of the distributions in the environment.
        tool: the folder of dagfloe's own package.
        data: pairs of a file and the folder that it goes into.
        binaries: as `data`, for shared libraries.
        hooks: folders with hooks.
        package_data: packages whose data files are frozen.
        metadata: distributions whose metadata is frozen.
        excludes: modules to leave out.
        last_paths: folders of modules that the environment precedes.
        one_file: whether to make one file that unpacks itself at every start, instead of a folder.
    """

    name: str
    entry: Path
    paths: tuple[Path, ...]
    analysis: Path
    library: Path
    plan: Plan
    tool: Path
    hidden_imports: tuple[str, ...] = ()
    data: tuple[tuple[Path, str], ...] = ()
    binaries: tuple[tuple[Path, str], ...] = ()
    hooks: tuple[Path, ...] = ()
    package_data: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    last_paths: tuple[Path, ...] = ()
    one_file: bool = False

    def render(self) -> str:
        """The content of the spec file. Equal specs give equal content."""
        return _TEMPLATE.format(
            name=self.name,
            entry=str(self.entry),
            paths=[str(path) for path in self.paths],
            last_paths=[str(path) for path in self.last_paths],
            analysis=str(self.analysis),
            quick_scan=quick_scan.__file__,
            quick_code=quick_code.__file__,
            library=str(self.library),
            plan=asdict(self.plan),
            tool=str(self.tool),
            hidden_imports=list(self.hidden_imports),
            datas=[(str(path), folder) for path, folder in self.data],
            binaries=[(str(path), folder) for path, folder in self.binaries],
            hooks=[str(path) for path in self.hooks],
            package_data=list(self.package_data),
            metadata=list(self.metadata),
            excludes=list(self.excludes),
            late=sorted(HOOKS.values()),
            replaced=REPLACED,
            machine_bound=_MACHINE_BOUND,
            one_file=self.one_file,
        )
