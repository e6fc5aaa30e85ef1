"""Runs a row: unfrozen, frozen, and frozen in an environment that has nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagfloe.build.freshness import _digest_tool
from dagfloe.build.unfrozen_program import prepare_project
from packages.result import Result, Seen
from packages.servers import SERVERS
from support.peer import TOOL

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packages.row import Row

RUN_TIMEOUT_S, BUILD_TIMEOUT_S, INSPECT_TIMEOUT_S = 300, 1800, 60
#: How often the advice of a failed build is followed.
_MAX_CURES = 2
_CURE = re.compile(r"^\s+([a-z-]+ = (?:\[.*\]|true|\".*\"))$", re.MULTILINE)
_VERSIONS = """
import importlib.metadata, json, platform, sys
print(json.dumps([platform.python_version(), {name: importlib.metadata.version(name) for name in sys.argv[1:]}]))
"""


class Trial:
    """One row in a work folder of its own.

    Args:
        row: the row.
        work: its work folder, which this object creates.
    """

    def __init__(self, row: Row, work: Path) -> None:
        self._row = row
        self._work = work
        self._project = work / row.name
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(row.folder, self._project, ignore=shutil.ignore_patterns("__pycache__"))
        # pip and uv keep their own caches: an environment of dagfloe's is made for this row alone.
        self._env = {**os.environ, "DAGFLOE_CACHE_DIR": str(work / "cache")}
        self._env.pop("PYTHONPATH", None)

    def run(self, *, unfrozen_only: bool = False) -> Result:
        """Run the row.

        Args:
            unfrozen_only: whether to build nothing.
        """
        python, versions = self._read_versions()
        facts: dict[str, Any] = {
            "row": self._row.digest,
            "dagfloe": _digest_tool(),
            "python": python,
            "versions": versions,
            "impossible": self._row.impossible,
            "unfrozen": self._run_dag("unfrozen", self._project, self._env),
        }
        if unfrozen_only:
            return Result(**facts)
        settings, refusal, built = self._build()
        facts |= {"settings": settings, "refusal": refusal}
        if built is None:
            return Result(**facts)
        start = built["start"]
        file = Path(built["file"])
        return Result(
            **facts,
            frozen=self._run_dag("frozen", file, self._env),
            empty=self._run_dag("empty", file, self._empty_environment()),
            size=built["bytes"],
            first_s=round(start["first_s"], 2),
            later_s=round(start["later_s"], 2),
            build_s=round(built["seconds"], 1),
        )

    def _read_versions(self) -> tuple[str, dict[str, str]]:
        """The versions of Python and of the row's distributions in its environment."""
        os.environ["DAGFLOE_CACHE_DIR"] = self._env["DAGFLOE_CACHE_DIR"]
        with prepare_project(self._project, lambda _: None) as launch:
            command = [launch.argv[0], "-I", "-c", _VERSIONS, *self._row.distributions]
            ended = subprocess.run(command, capture_output=True, text=True, timeout=INSPECT_TIMEOUT_S, check=True)
        python, versions = json.loads(ended.stdout)
        return python, versions

    def _run_dag(self, name: str, path: Path, env: Mapping[str, str]) -> Seen:
        """Run the tasks in a new folder and with new servers, so that nothing is left of an earlier run."""
        database, folder = self._work / f"{name}.db", self._work / f"{name} folder"
        folder.mkdir()
        command = [TOOL, "run", str(path), "--db", str(database), "--jobs", "1"]
        with ExitStack() as stack:
            for server in self._row.servers:
                files = self._work / "servers" / name / server
                files.mkdir(parents=True)
                for key, value in stack.enter_context(SERVERS[server](files)).items():
                    command += ["--var", f"{key}={value}"]
            status, output = _start(command, self._work / f"{name}.log", RUN_TIMEOUT_S, cwd=folder, env=dict(env))
        states: dict[str, str] = {}
        values: dict[str, Any] = {}
        if database.exists():
            with closing(sqlite3.connect(database)) as connection:
                for noun, key, value in connection.execute("SELECT noun, key, value FROM kept ORDER BY position"):
                    parts = json.loads(key)
                    if noun == "task_instance":
                        states[parts[2]] = json.loads(value)["state"]
                    elif noun == "xcom":
                        values[parts[2]] = json.loads(value)
        is_green = status == 0 and bool(states)
        return Seen(states or {"run": "failed"}, values, "" if is_green else "\n".join(output.splitlines()[-40:]))

    def _build(self) -> tuple[dict[str, Any], str, dict[str, Any] | None]:
        """Build the file, and follow the advice of a failed build.

        Returns:
            What was written in [tool.dagfloe], the error of the first build or "", and what the last build printed.
        """
        settings = dict(self._row.settings)
        refusal = ""
        for number in range(_MAX_CURES + 1):
            command = [TOOL, "build", str(self._project), "--output", str(self._work / "dist"), "--json"]
            status, output = _start(command, self._work / f"build-{number}.log", BUILD_TIMEOUT_S, env=self._env)
            if status == 0:
                built: dict[str, Any] = json.loads(output[output.index("\n{\n") :])
                return settings, refusal, built
            refusal = refusal or output.replace(f"{self._work}{os.sep}", "").strip()
            cures = find_cures(output)
            if not cures:
                break
            settings |= cures
            pyproject = self._project / "pyproject.toml"
            pyproject.write_text(with_settings(pyproject.read_text("utf-8"), cures), "utf-8")
        return settings, refusal, None

    def _empty_environment(self) -> dict[str, str]:
        """An environment without a Python, without a home's files, and with a cache of its own."""
        home, programs = self._work / "home", self._work / "programs"
        home.mkdir()
        programs.mkdir()
        for program in self._row.programs:
            found = shutil.which(program)
            if found is None:
                raise SystemExit(f"{self._row.name}: {program} is missing: install it, for instance with apt-get")
            (programs / program).symlink_to(found)
        cache = self._work / "another cache"
        return {"HOME": str(home), "PATH": str(programs), "DAGFLOE_CACHE_DIR": str(cache)}


def find_cures(output: str) -> dict[str, Any]:
    """The lines for [tool.dagfloe] that the message of a failed build names."""
    cures: dict[str, Any] = {}
    for line in _CURE.findall(output):
        cures |= tomllib.loads(line)
    return cures


def with_settings(pyproject: str, settings: Mapping[str, Any]) -> str:
    """Put keys into [tool.dagfloe] of a `pyproject.toml`; each key of this table must be on a line of its own."""
    for key, value in settings.items():
        pyproject = re.sub(rf"^{re.escape(key)} = .*\n", "", pyproject, flags=re.MULTILINE)
        line = f"[tool.dagfloe]\n{key} = {json.dumps(value)}"
        pyproject = pyproject.replace("[tool.dagfloe]", line, 1)
    return pyproject


def _start(
    command: list[str], log: Path, timeout_s: float, *, env: dict[str, str], cwd: Path | None = None
) -> tuple[int, str]:
    """Run a program; return its status and its output, stderr first, which also is in the log file."""
    ended = subprocess.run(
        command, capture_output=True, text=True, errors="replace", timeout=timeout_s, check=False, cwd=cwd, env=env
    )
    output = f"{ended.stderr}\n{ended.stdout}"
    log.write_text(output, "utf-8")
    return ended.returncode, output
