"""Tests bundle files with every Python: `python -m pythons.campaign AIRFLOW [VERSION ...]`.

It writes docs/evidence/pythons.md. Each version has an environment with dagfloe and the tests, builds its own bundle
files, and runs the tests with them. A version that this machine does not have comes from Debian: see debian.sh.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from pythons.page import PAGE, page
from support.pythons import SUPPORTED, find_pythons

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "pythons"
#: The last result of each version.
RESULTS = CACHE / "results.json"
PINS = ROOT / ".ci" / "requirements" / "pythons.txt"
PROJECTS = {
    "dist": ["bundles/hello"],
    "bundles": [f"tests/demo/{name}" for name in ("demo", "native", "newer", "traps", "unregistered")],
}
#: Tests of builds, whose bundle files other tests start.
_BUILDS = ("advice", "build", "check", "comparison", "dependencies", "own_files", "sbom", "summary")
#: What the page says of each is in `pythons.page`. The quickest ones come first. The frozen ones are without the tests
#: of the builds themselves, and of an example that needs an old Python.
SUITES = {
    "unfrozen": [f"tests/{name}" for name in ("authoring", "client", "model", "runtime", "values")],
    "supervised": ["-m", "airflow", "tests/airflow/test_conformance.py"],
    "frozen": [
        "tests/frozen",
        "tests/trust",
        *(f"--ignore=tests/frozen/test_{name}.py" for name in _BUILDS),
        "-k=not weather",
    ],
}
_TIMEOUT_S = 3600


@dataclass
class Suite:
    """The result of a suite.

    Attributes:
        tests: the number of tests.
        failed: the tests that failed.
        skipped: how many were skipped.
    """

    tests: int
    failed: list[str]
    skipped: int


class Python:
    """One Python, with its environment and its bundle files.

    Args:
        version: its minor version.
        executable: the interpreter; None takes that of Debian.
    """

    def __init__(self, version: str, executable: Path | None) -> None:
        self._folder = CACHE / version
        self._is_debian = executable is None
        self._executable = str(executable or f"python{version}")
        self._prefix = [str(Path(__file__).with_name("debian.sh")), str(CACHE / "debian"), version]
        self._python = str(self._folder / "venv" / "bin" / "python")

    def describe(self) -> dict[str, str]:
        """The full version and where it is from."""
        code = "import platform; print(platform.python_version()); print(*platform.libc_ver())"
        version, libc = self._run([self._executable, "-c", code], capture=True).splitlines()
        return {"version": version, "libc": libc, "source": "Debian" if self._is_debian else "this machine"}

    def prepare(self, wheel: Path) -> None:
        """Make the environment and the bundle files.

        Args:
            wheel: that of dagfloe.
        """
        pip = [self._python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        stamp = self._folder / ".installed"
        if not stamp.exists() or stamp.stat().st_mtime < max(
            PINS.stat().st_mtime, (ROOT / "pyproject.toml").stat().st_mtime
        ):
            self._run([self._executable, "-m", "venv", "--clear", str(self._folder / "venv")])
            self._run([*pip, "--require-hashes", "--requirement", str(PINS)])
            stamp.touch()
        self._run([*pip, "--force-reinstall", str(wheel)])
        dagfloe = str(self._folder / "venv" / "bin" / "dagfloe")
        for folder, projects in PROJECTS.items():
            for project in projects:
                self._run([dagfloe, "build", project, "--output", str(self._folder / folder), "--quiet"])

    def test(self, name: str, arguments: Sequence[str], *, python: str = "", airflow: str = "") -> Suite:
        """Run tests.

        Args:
            name: the name of the suite.
            arguments: those of pytest.
            python: the interpreter that runs the tests; default: the version itself.
            airflow: the interpreter of an Airflow.
        """
        report = self._folder / f"{name}.xml"
        report.unlink(missing_ok=True)
        environment = {
            "DAGFLOE_TEST_DIST": str(self._folder / "dist"),
            "DAGFLOE_TEST_BUNDLES": str(self._folder / "bundles"),
            "DAGFLOE_AIRFLOW_PYTHON": airflow,
        }
        command = [python or self._python, "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
        self._run(command, environment, check=False)
        return read_report(report)

    def _run(
        self,
        command: Sequence[str],
        environment: dict[str, str] | None = None,
        *,
        check: bool = True,
        capture: bool = False,
    ) -> str:
        prefix = self._prefix if self._is_debian else []
        process = subprocess.run(
            [*prefix, *command],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            check=check,
            timeout=_TIMEOUT_S,
            text=True,
            stdout=subprocess.PIPE if capture else None,
        )
        return process.stdout or ""


def build_wheel(folder: Path) -> Path:
    """Build dagfloe's wheel, once for all Pythons, so that all have the same launcher."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--wheel-dir", folder, "."], cwd=ROOT, check=True, timeout=_TIMEOUT_S)
    (wheel,) = folder.glob("*.whl")
    return wheel


def read_report(path: Path) -> Suite:
    """Read pytest's report of a suite."""
    cases = [*ET.parse(path).iter("testcase")]  # noqa: S314 - pytest has just written it
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = [case for case in cases if case.find("skipped") is not None]
    return Suite(len(cases), [f"{case.get('classname')}::{case.get('name')}" for case in failed], len(skipped))


def read_results() -> dict[str, dict[str, Any]]:
    """The last result of each version."""
    results: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    return results


def write_results(results: dict[str, dict[str, Any]]) -> None:
    """Keep results, and write the page from them.

    Args:
        results: the last result of each version.
    """
    RESULTS.write_text(json.dumps(results, indent=1), "utf-8")
    PAGE.write_text(page(results), "utf-8")


def main(arguments: Sequence[str]) -> int:
    """Test versions, and write the page with the last results of all.

    Args:
        arguments: the interpreter of an Airflow, and the versions; all if none.

    Returns:
        The exit status: 1 if a test failed.
    """
    airflow, *versions = arguments
    found = find_pythons()
    can_debian = os.geteuid() == 0 and shutil.which("debootstrap") is not None
    wheel = build_wheel(CACHE / "wheel")
    for version in versions or SUPPORTED:
        if version not in found and not can_debian:
            sys.stdout.write(f"Python {version}: not here; Debian's needs root and debootstrap\n")
            continue
        python = Python(version, found.get(version))
        python.prepare(wheel)
        result: dict[str, Any] = dict(python.describe())
        for name, selection in SUITES.items():
            # An Airflow, and the tests that start it, have the Python of the tests; the bundle files have this one.
            others = {"python": sys.executable, "airflow": airflow} if name == "supervised" else {}
            result[name] = asdict(python.test(name, selection, **others))
            sys.stdout.write(f"Python {version}: {name}: {json.dumps(result[name])}\n")
            sys.stdout.flush()
            write_results({**read_results(), version: result})
    suites = [result[name] for result in read_results().values() for name in SUITES if name in result]
    return int(any(suite["failed"] for suite in suites))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
