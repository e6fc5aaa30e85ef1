"""The wheels and the sdist that `make wheels` builds."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder: they need what `make wheels` builds."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.wheels)
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))


@pytest.fixture(scope="session")
def distributions() -> Path:
    """The folder of the wheels and of the sdist."""
    folder = ROOT / "dist" / "wheels"
    assert folder.exists(), f"{folder} is missing: run `make wheels` first"
    return folder


@pytest.fixture(params=["x86_64", "aarch64"])
def architecture(request: pytest.FixtureRequest) -> str:
    """A processor."""
    return str(request.param)


@pytest.fixture
def wheel(distributions: Path, architecture: str) -> Path:
    """The wheel for a processor."""
    (found,) = distributions.glob(f"*_{architecture}.whl")
    return found


@pytest.fixture
def launcher(wheel: Path) -> bytes:
    """The launcher in the wheel for a processor."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.read("dagfloe/build/launcher/launcher")
