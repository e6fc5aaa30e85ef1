"""Runs the blocks of a page one after the other, in one folder and one interpreter."""

from __future__ import annotations

import ast
import configparser
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click
import yaml

from dagfloe import Bundle
from dagfloe.build.project import read_project
from dagfloe.cli.bundle_or_project import open_bundle
from dagfloe.cli.tool import main as tool
from dagfloe.format.manifest import validate_manifest
from dagfloe.local.seed.seed_file import read_seed
from dagfloe.runtime.config import BundleConfig
from dagfloe.runtime.metadata import bundle_metadata
from support.blocks import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from support.blocks import Block

DEADLINE_S = 240
#: Absolute folders in the pages. Every page has its own copies.
PLACES = re.compile(r"/opt/(?:airflow|dagfloe)\b")
DOCKER = {"ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "FROM", "RUN", "USER", "WORKDIR"}
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
PROJECT = '[project]\nname = "page"\nversion = "1"\n'


class PageError(AssertionError):
    """A block behaves differently from its page."""


class Page:
    """A page's folder and interpreter.

    Args:
        folder: the folder for its files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cwd = folder
        self._last = 0
        self.module = ModuleType("page")
        self._projects: list[Path] = []
        self._tests: list[Path] = []

    def run(self, blocks: Iterable[Block]) -> None:
        """Run the blocks that need no Airflow. Those that need Airflow or Celery must be valid Python."""
        sys.modules[self.module.__name__] = self.module
        selected = [block for block in blocks if not block.excuse]
        has_project = any(block.name.endswith("pyproject.toml") for block in selected)
        for block in selected:
            kind = block.language or "none"
            method = getattr(self, f"_run_{kind}", None)
            if method is None:
                raise PageError(f"{block}: a block of {kind} cannot be run")
            if block.name:
                self._write(block)
            if block.needs_airflow or block.needs_celery:
                ast.parse(block.content)
            elif not (kind == "python" and block.name and has_project):  # its own environment runs it
                method(block)
        self._finish()

    def _finish(self) -> None:
        """Check the files after the last block."""
        for folder in self._projects:
            read_project(folder)
            with open_bundle(folder, quiet=True):
                pass  # imports its module, and checks its metadata
        if self._tests:
            self._shell(shlex.join([sys.executable, *PYTEST, *map(str, self._tests)]))
        for bundle in (value for value in vars(self.module).values() if isinstance(value, Bundle)):
            if bundle.dags:
                validate_manifest(bundle_metadata(BundleConfig("page:bundle", "page", "1", "page.py"), bundle))

    def _move(self, content: str) -> str:
        return PLACES.sub(lambda match: f"{self.folder}{match[0]}", content)

    def _write(self, block: Block) -> Path:
        name = self._move(block.name.replace("$AIRFLOW_HOME", "/opt/airflow"))
        path = Path(name) if name.startswith("/") else self.cwd / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._move(block.content), "utf-8")
        return path

    # One method for each language

    def _run_python(self, block: Block) -> None:
        if Path(block.name).name.startswith("test_"):
            self._tests.append(self.cwd / block.name)
            return
        if block.name:
            path = self.cwd / block.name
            script = f"import sys; sys.path.insert(0, {str(path.parent)!r}); import {path.stem}"
            self._shell(shlex.join([sys.executable, "-c", script]))
            return
        code = "\n" * (block.line - 1) + block.content  # a traceback has the line numbers of the page
        exec(compile(code, str(block.page), "exec", dont_inherit=True), vars(self.module))  # noqa: S102 - our own page

    def _run_console(self, block: Block) -> None:
        commands = list(read_console(block.content))
        for number, (command, expected) in enumerate(commands):
            if command.startswith("make "):
                make = ["make", "-n", *shlex.split(command.partition("#")[0])[1:]]
                subprocess.run(make, cwd=ROOT, check=True, capture_output=True, timeout=DEADLINE_S)
                continue
            status, output = self._type(command)
            is_checked = number + 1 < len(commands) and commands[number + 1][0] == "echo $?"
            if status and not is_checked:
                raise PageError(f"{block}: {command!r} ended with status {status}:\n{output}")
            if expected and not matches(expected, output):
                raise PageError(f"{block}: {command!r} printed\n{output}\nbut the page shows\n{expected}")

    def _run_sh(self, block: Block) -> None:
        """Parse commands that need another place, such as an index, without running them."""
        subprocess.run(["sh", "-n"], input=block.content, text=True, check=True, timeout=DEADLINE_S)
        for line in block.content.splitlines():
            words = [word for word in shlex.split(line, comments=True) if not re.match(r"[A-Z_]+=", word)]
            if words[:1] == ["dagfloe"]:
                context = click.Context(tool)
                name, command, arguments = tool.resolve_command(context, words[1:])
                while isinstance(command, click.Group):
                    name, command, arguments = command.resolve_command(click.Context(command), arguments)
                if command is None:
                    raise PageError(f"{block}: there is no command {name}")
                command.make_parser(click.Context(command)).parse_args(arguments)

    def _run_toml(self, block: Block) -> None:
        document = tomllib.loads(block.content)
        if block.name.endswith("seed.toml"):
            read_seed(self.cwd / block.name)
        elif "project" in document and "dagfloe" not in document.get("tool", {}):
            self._read_dependencies(block, document)
        elif "dagfloe" not in document.get("tool", {}):
            raise PageError(f"{block}: not a project, a table of one, or a seed.toml")
        elif block.name:
            self._projects.append((self.cwd / block.name).parent)
        else:
            self._read_alone(block, document)

    def _read_alone(self, block: Block, document: dict[str, Any]) -> None:
        """Read the project of a block, with empty files for the files that it names."""
        folder = self.folder / f"project-{block.line}"
        table = document["tool"]["dagfloe"]
        for name in (
            f"{table['bundle'].partition(':')[0]}.py",
            *(entry.partition(":")[0] for key in ("data", "binaries") for entry in table.get(key, ())),
        ):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name.replace("*", "any")).touch()
        if "hooks" in table:
            (folder / table["hooks"]).mkdir()
            (folder / table["hooks"] / "hook-any.py").touch()
        content = block.content if "project" in document else PROJECT + block.content
        (folder / "pyproject.toml").write_text(content, "utf-8")
        read_project(folder)

    def _read_dependencies(self, block: Block, document: dict[str, Any]) -> None:
        """Read a project with the dependencies of a block."""
        folder = self.folder / f"project-{block.line}"
        folder.mkdir()
        (folder / "tasks.py").touch()
        dependencies = json.dumps(document["project"].pop("dependencies"))
        if document["project"]:
            raise PageError(f"{block}: [project] has more than dependencies: {', '.join(document['project'])}")
        (folder / "pyproject.toml").write_text(
            f'{PROJECT}dependencies = {dependencies}\n[tool.dagfloe]\nbundle = "tasks:bundle"\n', "utf-8"
        )
        read_project(folder)

    def _run_ini(self, block: Block) -> None:
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_string(block.content)
        for section in parser.sections():
            for value in parser[section].values():
                if value.lstrip().startswith(("{", "[")):
                    json.loads(value)

    def _run_yaml(self, block: Block) -> None:
        for document in yaml.safe_load_all(block.content):
            if "kind" in document and not {"apiVersion", "metadata", "spec"} <= set(document):
                raise PageError(f"{block}: a {document['kind']} needs apiVersion, metadata and spec")

    def _run_json(self, block: Block) -> None:
        json.loads(block.content)

    def _run_dockerfile(self, block: Block) -> None:
        lines = re.sub(r"\\\n", " ", block.content).splitlines()
        words = [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]
        if words[0] not in ("FROM", "ARG") or not set(words) <= DOCKER:
            raise PageError(f"{block}: not a Dockerfile: {words}")

    # The shell

    def _type(self, command: str) -> tuple[int, str]:
        """Run a command line, and remember its last folder and exit status."""
        after = self.folder / ".after"
        leave = f"status=$?; pwd > {after}; echo $status >> {after}"
        script = f"trap '{leave}' EXIT\n(exit {self._last})\n{self._move(command)}\n"
        env = {
            **os.environ,
            "AIRFLOW_HOME": str(self.folder / "opt" / "airflow"),
            "COLUMNS": "120",
            "NO_COLOR": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": "",
        }
        answer = subprocess.run(
            ["bash", "-c", script],
            cwd=self.cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        cwd, status = after.read_text("utf-8").splitlines()
        self.cwd, self._last = Path(cwd), int(status)
        return self._last, answer.stdout.replace(str(self.folder), "")

    def _shell(self, command: str) -> None:
        before = self.cwd
        status, output = self._type(command)
        self.cwd = before
        if status:
            raise PageError(f"{command} ended with status {status}:\n{output}")


def read_console(content: str) -> Iterator[tuple[str, str]]:
    """Yield the command lines of a block with their expected output."""
    parts = re.split(r"(?m)^\$ ", content)
    if parts[0].strip():
        raise PageError(f"a console block must start with a command: {parts[0]!r}")
    for part in parts[1:]:
        lines = part.splitlines()
        count = 1 + next(number for number, line in enumerate(lines) if not line.endswith("\\"))
        yield "\n".join(lines[:count]), "\n".join(lines[count:]).rstrip()


def matches(expected: str, output: str) -> bool:
    """Whether an output matches a page, where `...` matches part of a line, or any number of lines if it is alone."""
    pattern = ""
    for line in expected.rstrip().splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*?".join(map(re.escape, line.rstrip().split("..."))) + r"[ \t]*\n"
    return re.fullmatch(pattern, output.strip("\n") + "\n") is not None
