"""The quicker scan of PyInstaller's analysis finds what PyInstaller's own finds."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from dagfloe.build.freeze import quick_scan
from dagfloe.build.project import read_project
from dagfloe.build.python.interpreter import find_interpreter
from dagfloe.build.python.virtualenv import ensure_environment

ROOT = Path(__file__).parents[3]
#: Scans modules of the standard library, and source with every kind of instruction, before and after the replacement.
COMPARE = """
import ast, json, runpy, sys, sysconfig
from pathlib import Path
from PyInstaller.lib.modulegraph.modulegraph import ModuleGraph

class Module:
    def __init__(self):
        self.calls = []
        self._deferred_imports = []
    def __getattr__(self, name):
        return lambda *arguments: self.calls.append((name, arguments))

many = "".join(f"name_{number} = {number}\\n" for number in range(700))  # more than one byte can number
sources = [many + "del name_699\\ndef f():\\n    global g\\n    g = 1\\n    del g\\nclass C:\\n    import os as x\\n"]
sources.append('''
if a and (lambda: 1)():
    import b
elif c:
    from d import *
else:
    import e
try:
    import f
except* ImportError:
    import g
else:
    import h
finally:
    import i
try:
    pass
except ImportError:
    import j
match x:
    case 1:
        import k
while x: import l
else: import m
for y in [z for z in w]:
    from . import n
async def f():
    async with x: from .. import o
    async for x in y: import p.q
    return lambda: x
with open("x") as y:
    from r import s, t as u
'''.replace("except*", "except*" if sys.version_info >= (3, 11) else "except"))
folder = Path(sysconfig.get_path("stdlib"))
sources += [path.read_text("utf-8") for path in [*sorted(folder.glob("*.py"))[:120], *folder.glob("email/*.py")]]

def scan():
    found = []
    for source in sources:
        for is_scanning_imports in (False, True):
            module = Module()
            ModuleGraph._scan_bytecode(ModuleGraph(), module, compile(source, "x", "exec"), is_scanning_imports)
            imports = [repr((item[0], item[1][0], item[1][2:])) for item in module._deferred_imports]
            found.append([repr(module.calls), imports])
        module = Module()
        ModuleGraph()._scan_ast(module, ast.parse(source))
        # With the kind of statement in which an import is: PyInstaller tolerates a missing optional module.
        found.append(["", [repr((item[0], item[1][0], item[1][2:], item[2])) for item in module._deferred_imports]])
    return found

before = scan()
replaced = runpy.run_path(sys.argv[1])["install"]()
print(json.dumps({"replaced": replaced, "equal": before == scan(), "calls": sum(len(item[0]) for item in before)}))
"""


def test_the_same_is_found(tmp_path: Path) -> None:
    """With the PyInstaller that builds have, the names and imports of modules are the same."""
    project = read_project(ROOT / "bundles" / "hello")
    environment = ensure_environment(project, find_interpreter(project), tmp_path)
    command = [str(environment.python), "-I", "-c", COMPARE, quick_scan.__file__]
    answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=50).stdout)
    assert answer["replaced"]
    assert answer["equal"]
    assert answer["calls"] > 10_000


def test_a_pyinstaller_that_looks_for_more(tmp_path: Path) -> None:
    """Another PyInstaller, whose scan looks for other instructions, is left as it is; so is one without the scan."""
    package = tmp_path / "PyInstaller" / "lib" / "modulegraph"
    package.mkdir(parents=True)
    (package / "util.py").write_text("def iterate_instructions(code): pass\n")
    command = ["python3", "-c", f"import runpy; print(runpy.run_path({quick_scan.__file__!r})['install']())"]
    for scan in ("", "    def _scan_bytecode(self): return 'IMPORT_NAME', 'STORE_NAME', 'LOAD_ATTR'\n"):
        (package / "modulegraph.py").write_text(f"class ModuleGraph:\n    x = 1\n{scan}")
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=50, cwd=tmp_path)
        assert done.stdout == "False\n"
