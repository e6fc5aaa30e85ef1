"""The bundle files of these tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.bundle_files import DIST, EXAMPLES, ROOT
from support.peer import TOOL
from support.result_tables import Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUILD_TIMEOUT_S = 600
GUEST = ROOT / "tests" / "demo" / "guest"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder: they need frozen files, and building these is slow."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.frozen)
            item.add_marker(pytest.mark.timeout(BUILD_TIMEOUT_S))


@pytest.fixture(scope="session")
def dist() -> Path:
    """The folder of the examples that `make dist` builds."""
    for name in EXAMPLES:
        assert (DIST / name).exists(), f"{DIST / name} is missing: run `make dist` first"
    return DIST


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
    """The bundle file of tests/demo/guest, whose tasks use their host."""
    output = tmp_path_factory.mktemp("files")
    answer = build(GUEST, output, *(["--one-file"] if form == "one file" else []))
    assert answer.returncode == 0, answer.stderr
    return output / "guest"
