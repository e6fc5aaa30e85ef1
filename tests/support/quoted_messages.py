"""The messages in the tables of the documentation, and in the sources, with `…` for variable parts."""

from __future__ import annotations

import ast
import logging
import re
from typing import TYPE_CHECKING

from support.blocks import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TROUBLES = ROOT / "docs" / "how-to" / "troubleshooting.md"
LEVELS = ("debug", "info", "warning", "error", "critical", "exception", "log")
_CODE = re.compile(r"(`+)(.+?)\1(?!`)")
_CONVERSION = re.compile(r"%[-+ #0]*[\d.*]*[hlzjt]*[a-zA-Z]")
_C_CALL = re.compile(r"\b(?:say\(\s*&?bundle,|set_reason\(\s*reason,)((?:[^;\"]|\"(?:[^\"\\]|\\.)*\")*);")
_C_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*')


def rows(page: Path, title: str) -> Iterator[list[str]]:
    """Yield the cells of the rows of the tables below a title, up to the next title."""
    part = re.split(r"(?m)^#+ ", page.read_text("utf-8").partition(f"# {title}\n")[2])[0]
    lines = part.splitlines()
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("| ") and not below.startswith("|--"):
            yield [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def messages(cell: str) -> list[str]:
    """Return the messages that a cell shows as code."""
    return [message for _, message in _CODE.findall(cell)]


def general(message: str) -> str:
    """Replace the conversions of a message with `…`."""
    return re.sub(r"…[…. ]*…", "…", " ".join(_CONVERSION.sub("…", message).split()))


def shows(message: str, output: str) -> None:
    """Check that an output contains a message of the page on troubleshooting."""
    assert f"`{message}`" in TROUBLES.read_text("utf-8"), f"the page does not contain {message!r}"
    assert re.search(".+?".join(map(re.escape, message.split("…"))), output, re.DOTALL), (
        f"{message!r} is not in {output!r}"
    )


def template(message: ast.expr) -> str:
    """Return the string of an expression, with `…` for everything that is not a constant."""
    if isinstance(message, ast.JoinedStr):
        return "".join(template(part) for part in message.values)
    if isinstance(message, ast.Call) and isinstance(message.func, ast.Attribute) and message.func.attr == "format":
        return template(message.func.value).replace("{}", "…")
    return str(message.value) if isinstance(message, ast.Constant) else "…"


def python_messages() -> dict[str, tuple[str, str]]:
    """Return the log messages of the package with their logger and level.

    They are calls of `logging.getLogger(NAME).error("...")` and the like, and of `log(ERROR, NAME, f"...")`.
    """
    levels = {}
    for path in (*(ROOT / "runtime").rglob("*.py"), *(ROOT / "src" / "dagfloe").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        own = {
            node.targets[0].id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            if len(node.args) > 2 and ast.unparse(node.func).rpartition(".")[2] in ("log", "_log"):
                level, name, message = node.args[:3]
                name = own.get(name.id, name) if isinstance(name, ast.Name) else name
                number = ast.unparse(level).rpartition(".")[2].strip("_")
                if isinstance(name, ast.Constant) and hasattr(logging, number):
                    levels[general(template(message))] = (str(name.value), number.lower())
            if not isinstance(node.func, ast.Attribute):
                continue
            logger = node.func.value
            logger = own.get(logger.id, logger) if isinstance(logger, ast.Name) else logger
            if (
                node.func.attr in LEVELS
                and isinstance(node.args[0], ast.Constant)
                and ast.unparse(logger).startswith("logging.getLogger(")
            ):
                assert isinstance(logger, ast.Call)
                name, message = ast.literal_eval(logger.args[0]), ast.literal_eval(node.args[0])
                levels[general(message)] = (name, node.func.attr)
    return levels


def launcher_messages() -> set[str]:
    """Return the messages of the launcher, and its reasons for not using a folder."""
    strings = set()
    for path in (ROOT / "build" / "launcher").glob("*.c"):
        for arguments in _C_CALL.findall(path.read_text("utf-8")):
            strings |= {general(ast.literal_eval(f"({literal})")) for literal in _C_STRINGS.findall(arguments)}
    return {string for string in strings if re.search(r"[a-z]", string)}
