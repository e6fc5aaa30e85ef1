"""The bundle files of these tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dagfloe.runtime.metadata import platform_tag
from support.deaths import TASK
from support.peer import TOOL
from support.result_tables import Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
BUILD_TIMEOUT_S = 600

GUEST = '''
"""Tasks that use their host: worker processes, programs, files, certificates."""
import faulthandler, importlib.metadata, json, logging, multiprocessing, os, signal, subprocess, sys, threading, time
from pathlib import Path
from dagfloe import Bundle, Client, Context, current_context

bundle = Bundle()
dag = bundle.dag("guest")


def square(number):
    return number * number


@dag.task
def spawn():
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        return pool.map(square, [1, 2, 3])


@dag.task
def program():
    code = "import os; print(os.environ.get('LD_LIBRARY_PATH'))"
    answer = subprocess.run(["python3", "-c", code], capture_output=True, text=True, check=True)
    return {"child": answer.stdout.strip(), "own": os.environ.get("LD_LIBRARY_PATH")}


@dag.task
def files():
    text = (Path(__file__).parent / "texts" / "note.txt").read_text()
    return {"note": text, "version": importlib.metadata.version("iniconfig"), "certs": os.environ.get("SSL_CERT_FILE")}


@dag.task
def segfault():
    print("last words")
    os.kill(os.getpid(), signal.SIGSEGV)


@dag.task
def exit():
    print("last words")
    os._exit(7)


@dag.task
def library():
    import inspect, pkgutil

    frame = inspect.stack()[0]
    names = [module.name for module in pkgutil.iter_modules(__import__("dagfloe").__path__)]
    return {"source": frame.function == "library", "modules": "errors" in names}


@dag.task
def wait(context: Context):
    print(f"pids {os.getpid()} {os.getppid()} {sys._MEIPASS}")
    threading.Event().wait()


@dag.task
def square_of_two():
    return 4
'''


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder: they need frozen files, and building these is slow."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.frozen)
            item.add_marker(pytest.mark.timeout(BUILD_TIMEOUT_S))


@pytest.fixture(scope="session")
def dist() -> Path:
    """The folder of the examples that `make dist` builds."""
    folder = ROOT / "dist" / platform_tag()
    for name in ("hello", "weather"):
        assert (folder / name).exists(), f"{folder / name} is missing: run `make dist` first"
    return folder


@pytest.fixture(scope="session")
def build() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `dagfloe build`."""

    def run(project: Path, output: Path, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [TOOL, "build", str(project), "--output", str(output), *options],
            capture_output=True,
            text=True,
            timeout=BUILD_TIMEOUT_S,
            check=False,
        )

    return run


@pytest.fixture(scope="session", params=["with a launcher", "one file"])
def form(request: pytest.FixtureRequest) -> str:
    """The form of the bundle file."""
    return str(request.param)


@pytest.fixture(scope="session")
def tables() -> Iterator[Tables]:
    """Collects what the tests see, and writes it to the file that the environment names."""
    tables = Tables(os.environ.get("DAGFLOE_TABLES"))
    yield tables
    tables.write()


@pytest.fixture(scope="session")
def guest(
    form: str,
    tmp_path_factory: pytest.TempPathFactory,
    build: Callable[..., subprocess.CompletedProcess[str]],
) -> Path:
    """A bundle file whose tasks use their host."""
    project = tmp_path_factory.mktemp("guest")
    (project / "guest.py").write_text(GUEST + TASK)
    (project / "texts").mkdir()
    (project / "texts" / "note.txt").write_text("a data file")
    (project / "pyproject.toml").write_text(
        '[project]\nname = "guest"\nversion = "1.0"\ndependencies = ["iniconfig"]\n'
        '[tool.dagfloe]\nbundle = "guest:bundle"\ndata = ["texts:texts"]\n'
    )
    output = tmp_path_factory.mktemp("files")
    answer = build(project, output, *(["--one-file"] if form == "one file" else []))
    assert answer.returncode == 0, answer.stderr
    return output / "guest"
