"""What a bundle file contains of the distributions that its project declares, and of those that they require.

Each distribution here is a few lines, and stands for a kind of real ones.
"""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.peer import value_of
from support.wheels import write_wheel

if TYPE_CHECKING:
    from collections.abc import Callable

PYPROJECT = """
[project]
name = "kinds"
version = "1.0"
dependencies = [
    "needy", "plugged", "byname", "native", "spaced-one", "optional[feature]", "slender", "hooked",
    "byname; python_version < '3'", "tested", "compiled", "commands",
]
[tool.dagfloe]
bundle = "tasks:bundle"
slim = ["slen*"]
collect = ["tested"]
binaries = ["libs/*.so:fast"]
hooks = "hooks"
"""
ANSWER_IN_C = "int answer(void) { return 42; }\n"
#: A compiled module whose strings cannot be read, because it has the mark of Cython, and which imports `behind.leaf`.
COMPILED_IN_C = """
#include <Python.h>
static PyObject *value(PyObject *self, PyObject *unused) {
    char name[64];
    snprintf(name, sizeof name, "%s.%c%s", "behind", 'l', "eaf");
    PyObject *module = PyImport_ImportModule(name);
    return module ? PyObject_GetAttrString(module, "VALUE") : NULL;
}
static PyMethodDef methods[] = {{"value", value, METH_NOARGS, "cython_runtime"}, {NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_fast", NULL, -1, methods};
PyMODINIT_FUNC PyInit__fast(void) { return PyModule_Create(&definition); }
"""
#: A distribution that others require, and which runs modules with `-m`.
COMMANDER = """
import subprocess, sys
def start():
    commands = [sys.executable, "-m", "commander.worker"], [sys.executable, "-m", "json.tool"]
    return [subprocess.run(c, input="{}", capture_output=True, text=True).stdout.strip() for c in commands]
"""
COMMANDED = {"commander/worker/__main__.py": "print('worker')\n"}
NEEDY = """
import deep, lazy, lister, registry, starter
def answer():
    from typing_extensions import get_type_hints
    return get_type_hints.__name__
"""
LAZY = """
import importlib
def __getattr__(name):
    return importlib.import_module(f"lazy.dialects.{name}").NAME
"""
REGISTRY = """
import importlib
CLASSES = {"s3": "backend.core.FileSystem"}
def read(path):
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)
def open_url(url):
    module, _, name = CLASSES[url.partition(":")[0]].rpartition(".")
    return getattr(importlib.import_module(module), name)()
"""
NAMES = """
from registry import read
def open_site():
    return read({"web": "backend.web:SITE"}["web"])
"""
TASKS = """
import ctypes, importlib, os, pkgutil, subprocess, sys
from importlib import import_module
from importlib.metadata import entry_points, version
from importlib.resources import files
from pathlib import Path
from dagfloe import Bundle
bundle = Bundle()
dag = bundle.dag("kinds")

def is_there(name):
    try:
        import_module(name)
    except ImportError:
        return False
    return True

@dag.task
def in_a_function():
    import needy
    return needy.answer()

@dag.task
def plugins():
    return sorted(point.load()() for point in entry_points(group="kinds.plugins"))

@dag.task
def by_name():
    module = import_module("".join(["by", "name.inner.leaf"]))
    return [module.VALUE, (files("byname") / "data" / "table.json").read_text()]

@dag.task
def transitive():
    import deep
    return [version("deep"), version("unimported"), (Path(deep.__file__).parent / "deep.csv").read_text()]

@dag.task
def lazily():
    import lazy
    return [lazy.postgres, lazy.mysql]

@dag.task
def lists():
    import encodings, lister
    codecs = {module.name for module in pkgutil.iter_modules(encodings.__path__)}
    return [lister.modules(), lister.sources(), {"utf_8", "cp1252", "latin_1"} <= codecs]

@dag.task
def starts_scripts():
    import starter
    return starter.start()

@dag.task
def table_of_names():
    import registry
    return registry.open_url("s3://bucket")

@dag.task
def object_in_module():
    import names
    return names.open_site()

@dag.task
def native_library():
    import native
    folder = Path(native.__file__).parent / "lib"
    fast = Path(sys.prefix) / "fast"
    return [ctypes.CDLL(str(next(path.glob("*.so")))).answer() for path in (folder, fast)]

@dag.task
def executable_data():
    import native
    return subprocess.run([Path(native.__file__).parent / "bin" / "hello"], capture_output=True, text=True).stdout

@dag.task
def compiled():
    from compiled._fast import value
    return value()

@dag.task
def command_lines():
    import commander
    return commander.start()

@dag.task
def namespace():
    return import_module("spaced.on" + "e.leaf").VALUE

@dag.task
def extra():
    return import_module("feat" + "ured").VALUE

@dag.task
def left_out():
    names = ["byname.tests.test_it", "slen" + "der.unused", "slender", "tested.tests.test_it", "hooked._hidden"]
    return [is_there(name) for name in names]
"""


def compile_c(source: str, path: Path) -> bytes:
    """Compile a library or a module in C, and return its content."""
    path.with_suffix(".c").write_text(source)
    include = f"-I{sysconfig.get_path('include')}"
    subprocess.run(["cc", "-shared", "-fPIC", include, "-o", path, path.with_suffix(".c")], check=True)
    return path.read_bytes()


def write_wheels(folder: Path, library: bytes) -> None:
    """Write the distributions."""
    # The version is newer than whatever an index has under these names.
    write = partial(write_wheel, folder, version="999")
    plugin = "[kinds.plugins]\n{0} = {0}.plugin:run\n"
    run = "def run():\n    return __name__\n"
    value = "VALUE = 'found'\n"
    empty = {"tested/__init__.py": "", "tested/tests/__init__.py": "", "tested/tests/test_it.py": ""}
    needs = ["typing_extensions", "deep", "lazy", "lister", "registry", "backend", "unimported", "starter"]
    write("needy", {"needy.py": NEEDY}, requires=needs)
    write("plugged", {"plugged/__init__.py": "", "plugged/plugin.py": run}, entry_points=plugin.format("plugged"))
    write(
        "byname",
        {
            "byname/__init__.py": "",
            "byname/inner/__init__.py": "",
            "byname/inner/leaf.py": value,
            "byname/data/table.json": "[1]",
            "byname/tests/__init__.py": "",
            "byname/tests/test_it.py": "",
        },
    )
    deep = {"deep/__init__.py": "", "deep/deep.csv": "a,b", "deep/plugin.py": run}
    write("deep", deep, entry_points=plugin.format("deep"))
    write("unimported", {"unimported.py": value})
    dialects = {f"lazy/dialects/{name}.py": f"NAME = {name!r}\n" for name in ("mysql", "postgres")}
    write("lazy", {"lazy/__init__.py": LAZY, "lazy/dialects/__init__.py": "", **dialects})
    lister = (
        "import os, pkgutil\n"
        "def modules():\n    return sorted(module.name for module in pkgutil.iter_modules(__path__))\n"
        "def sources():\n    return sorted(n for n in os.listdir(os.path.dirname(__file__)) if n.endswith('.py'))\n"
    )
    write("lister", {"lister/__init__.py": lister, "lister/one.py": "", "lister/two.py": ""})
    write("registry", {"registry.py": REGISTRY, "names.py": NAMES})
    start = (
        "import os, subprocess, sys\nFOLDER = os.path.dirname(os.path.abspath(__file__))\n"
        "def start():\n"
        "    script = os.path.join(FOLDER, 'inner', 'server.py')\n"
        "    return subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout\n"
    )
    server = "from starter.inner.only_for_server import VALUE\nprint(VALUE, __name__)\n"
    write(
        "starter",
        {
            "starter/__init__.py": start,
            "starter/inner/__init__.py": "",
            "starter/inner/server.py": server,
            "starter/inner/only_for_server.py": value,
        },
    )
    core = "class FileSystem(str):\n    def __new__(cls):\n        return str.__new__(cls, 'bucket')\n"
    site = "SITE = 'example'\n"
    write("backend", {"backend/__init__.py": "", "backend/core.py": core, "backend/web.py": site})
    native: dict[str, str | bytes] = {
        "native/__init__.py": "",
        "native/lib/libanswer.so": library,
        "native/bin/hello": "#!/bin/sh\necho hi\n",
    }
    write("native", native, executables=["native/bin/hello"])
    module = compile_c(COMPILED_IN_C, folder.parent / "_fast.so")
    write("compiled", {"compiled/__init__.py": "import behind\n", "compiled/_fast.so": module}, requires=["behind"])
    write("behind", {"behind/__init__.py": "", "behind/leaf.py": value})
    write("commands", {"commands.py": "import commander\n"}, requires=["commander"])
    write("commander", {"commander/__init__.py": COMMANDER, "commander/worker/__init__.py": "", **COMMANDED})
    write("spaced_one", {"spaced/one/leaf.py": value})
    write("optional", {"optional.py": ""}, requires=["featured; extra == 'feature'"], extras=["feature"])
    write("featured", {"featured.py": value})
    write("slender", {"slender/__init__.py": "", "slender/unused.py": ""})
    write("tested", empty)
    write("hooked", {"hooked/__init__.py": "", "hooked/_hidden.py": ""})


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory, build: Callable[..., subprocess.CompletedProcess[str]]
) -> dict[str, Any]:
    """What `--json` prints about a bundle file whose dependencies are tiny distributions, one for each kind."""
    folder = tmp_path_factory.mktemp("kinds")
    project = folder / "project"
    (project / "libs").mkdir(parents=True)
    (project / "hooks").mkdir()
    (project / "hooks" / "hook-hooked.py").write_text('hiddenimports = ["hooked._hidden"]\n')
    (project / "pyproject.toml").write_text(PYPROJECT)
    (project / "tasks.py").write_text(TASKS)
    library = compile_c(ANSWER_IN_C, folder / "libfast.so")
    (project / "libs" / "libfast.so").write_bytes(library)
    write_wheels(folder / "wheels", library)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGFLOE_CACHE_DIR", str(folder / "cache"))  # it has no environment with other wheels
        patch.setenv(
            "PIP_FIND_LINKS", " ".join(filter(None, (str(folder / "wheels"), os.environ.get("PIP_FIND_LINKS"))))
        )
        answer = build(project, folder / "files", "--json")
    assert answer.returncode == 0, answer.stderr
    facts: dict[str, Any] = json.loads(answer.stdout)
    return facts


@pytest.fixture(scope="module")
def kinds(built: dict[str, Any]) -> Path:
    """The bundle file."""
    return Path(built["file"])


def test_list_of_what_is_only_declared(built: dict[str, Any]) -> None:
    """The build lists the distributions with parts that nothing imports, and not those that are imported whole."""
    names = {package["name"] for package in built["declared"] if package["packed"] > 0}
    assert {"byname", "unimported", "deep", "native"} <= names
    assert {"needy", "typing-extensions", "click", "msgpack"} & names == set()


@pytest.mark.parametrize(
    ("task_id", "value"),
    [
        ("in_a_function", "get_type_hints"),
        ("plugins", ["deep.plugin", "plugged.plugin"]),
        ("by_name", ["found", "[1]"]),
        ("transitive", ["999", "999", "a,b"]),
        ("lazily", ["postgres", "mysql"]),
        ("lists", [["one", "two"], ["__init__.py", "one.py", "two.py"], True]),
        ("starts_scripts", "found __main__\n"),
        ("table_of_names", "bucket"),
        ("object_in_module", "example"),
        ("native_library", [42, 42]),
        ("executable_data", "hi\n"),
        ("compiled", "found"),
        ("command_lines", ["worker", "{}"]),
        ("namespace", "found"),
        ("extra", "found"),
        ("left_out", [False, False, True, True, True]),
    ],
)
def test_kinds(kinds: Path, task_id: str, value: object) -> None:
    """A frozen task finds of its dependencies what it finds in the project."""
    assert value_of(kinds, "kinds", task_id) == value
