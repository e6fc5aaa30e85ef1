"""What a failed build says is followed to the letter, until the build succeeds: at most twice."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from support.peer import TOOL
from support.quoted_messages import shows
from support.wheels import write_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Build = Callable[..., subprocess.CompletedProcess[str]]

MAX_ROUNDS = 2
TASKS = """
import importlib
import json
from pathlib import Path

from dagfloe import Bundle, Client

bundle = Bundle()


def facts():
    {use}


@bundle.dag("facts").task
def write(client: Client):
    Path(client.get_variable("out")).write_text(json.dumps(facts()))

{top}
"""
DATA = "(Path(__file__).parent / ''.join(['conf', '.json'])).read_text()"
#: Kinds of what a build may miss: the code of a task, the code of the module, and its value.
KINDS = {
    "a module by a name that is computed": (
        "return importlib.import_module('colo' + 'rsys').ONE_THIRD > 0",
        "importlib.import_module('colo' + 'rsys')",
        True,
    ),
    "modules that import each other by such names": (
        "import chain; return chain.LAST",
        "",
        "end",
    ),
    "a module in a function, by its name": (
        "return importlib.import_module('colorsys').ONE_THIRD > 0",
        "",
        True,
    ),
    "metadata": (
        "from importlib.metadata import version; return version('altgraph')[0]",
        "from importlib.metadata import version; version('altgraph')",
        "0",
    ),
    "metadata behind another exception": (
        "import wrapped; return wrapped.VERSION[0]",
        "",
        "0",
    ),
    "a data file of a dependency": (
        "import chart; return chart.STYLE",
        "",
        "dark",
    ),
    "a data file of the project": (
        f"return json.loads({DATA})",
        f"for name in json.loads({DATA}):\n    bundle.dag(name).task(facts)",
        ["one", "two"],
    ),
    "a shared library": (
        "import importlib; return importlib.import_module('na' + 'tive').LIBRARY.answer()",
        "import importlib; importlib.import_module('na' + 'tive')",
        42,
    ),
    "a distribution": (
        "import absent_module; return absent_module.NAME",
        "",
        "here",
    ),
}
if find_spec("_tkinter") is not None:  # a Python may be without it
    KINDS["modules that builds leave out"] = ("import tkinter; return tkinter.TkVersion > 8", "", True)
CHAIN = {
    "chain/__init__.py": "import importlib\nLAST = importlib.import_module('.'.join(['chain_two', 'inner'])).LAST\n",
    "chain_two/__init__.py": "",
    "chain_two/inner.py": "import importlib\nLAST = importlib.import_module('chain_' + 'three').LAST\n",
    "chain_three.py": "LAST = 'end'\n",
}
WRAPPED = """
from importlib.metadata import PackageNotFoundError, version
try:
    VERSION = version("".join(["alt", "graph"]))
except PackageNotFoundError as error:
    raise ImportError("wrapped is not installed correctly") from error
"""
CHART = """
from pathlib import Path
try:
    STYLE = (Path(__file__).parent / "styles" / "dark.style").read_text()
except OSError:
    raise RuntimeError("chart has no style")
"""
NATIVE = """
import ctypes
from pathlib import Path
LIBRARY = ctypes.CDLL(str(Path(__file__).with_name("libanswer.so")))
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The requirements of distributions that a project may need, by name."""
    folder = tmp_path_factory.mktemp("wheels")
    (folder / "answer.c").write_text("int answer(void) { return 42; }\n")
    library = folder / "libanswer.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, folder / "answer.c"], check=True)
    contents: dict[str, dict[str, str | bytes]] = {
        "chain": {**CHAIN},
        "wrapped": {"wrapped.py": WRAPPED},
        "chart": {"chart/__init__.py": CHART, "chart/styles/dark.style": "dark"},
        "native": {"native/__init__.py": NATIVE, "native/libanswer.so": library.read_bytes()},
        "absent_module": {"absent_module.py": "NAME = 'here'"},
    }
    return {name: f"{name} @ {write_wheel(folder, name, files).as_uri()}" for name, files in contents.items()}


def follow(error: str, settings: dict[str, list[str]], dependencies: list[str], wheels: dict[str, str]) -> None:
    """Change the settings of a project as a failed build says."""
    lines = re.findall(r"^ {4}([a-z-]+) = (\[.*\])$", error, re.MULTILINE)
    settings.update((key, json.loads(value)) for key, value in lines)
    absent = re.findall(r"'(\w+)' is not installed: add the distribution", error)
    dependencies += [wheels[name] for name in absent]
    assert lines or absent, error


def test_advice(tmp_path: Path, build: Build, wheels: dict[str, str]) -> None:
    """The build succeeds after its advice was followed at most twice, and the file does what the project does."""
    use = "\n    ".join([f"def fact_{index}(): {code}" for index, (code, _, _) in enumerate(KINDS.values())])
    use += f"\n    return [{', '.join(f'fact_{index}()' for index in range(len(KINDS)))}]"
    root = tmp_path / "odd"
    root.mkdir()
    (root / "conf.json").write_text('["one", "two"]')
    (root / "odd.py").write_text(TASKS.format(use=use, top="\n".join(top for _, top, _ in KINDS.values())))
    settings: dict[str, list[str]] = {}
    dependencies = [requirement for name, requirement in wheels.items() if name != "absent_module"]
    answer = None
    errors = []
    for _ in range(MAX_ROUNDS + 1):
        lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
        (root / "pyproject.toml").write_text(
            f'[project]\nname = "odd"\nversion = "1"\ndependencies = {json.dumps(dependencies)}\n'
            f'[tool.dagfloe]\nbundle = "odd:bundle"\nslim = true\n{lines}'
        )
        answer = build(root, tmp_path / "files")
        if answer.returncode == 0:
            break
        print(answer.stderr)  # noqa: T201 - shows the rounds of a failure
        errors.append(answer.stderr)
        follow(answer.stderr, settings, dependencies, wheels)
    assert answer is not None
    assert answer.returncode == 0, answer.stderr
    shows("the project uses what PyInstaller did not see: in [tool.dagfloe] of … write", errors[0])
    expected = [value for _, _, value in KINDS.values()]
    assert run(tmp_path / "files" / "odd", tmp_path) == expected
    assert run(root, tmp_path) == expected


def run(what: Path, folder: Path) -> Any:
    """Run the Dag of a project or a file, and return what its task writes."""
    command = [TOOL, "run", str(what), "--dag", "facts", "--var", f"out={folder / 'out.json'}"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads((folder / "out.json").read_text())
