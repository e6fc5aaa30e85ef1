"""What tables of the documentation say of messages, and what the sources say: with `…` for what changes."""

from __future__ import annotations

import ast
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
_C_TEXTS = re.compile(r'"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*')


def rows(page: Path, title: str) -> Iterator[list[str]]:
    """The cells of the rows of all tables below a title, down to the next title."""
    part = re.split(r"(?m)^#+ ", page.read_text("utf-8").partition(f"# {title}\n")[2])[0]
    lines = part.splitlines()
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("| ") and not below.startswith("|--"):
            yield [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def messages(cell: str) -> list[str]:
    """The messages that a cell shows as code."""
    return [found[1] for found in _CODE.findall(cell)]


def general(text: str) -> str:
    """A message with `…` in the place of what is put into it."""
    return re.sub(r"…[…. ]*…", "…", " ".join(_CONVERSION.sub("…", text).split()))


def shows(message: str, said: str) -> None:
    """Check that something was said as the page of troubles shows it."""
    assert f"`{message}`" in TROUBLES.read_text("utf-8"), f"the page has no {message!r}"
    assert re.search(".+?".join(map(re.escape, message.split("…"))), said, re.DOTALL), f"{message!r} is not in {said!r}"


def python_messages() -> dict[str, tuple[str, str]]:
    """What `runtime` and `sdk` tell a logger: its name and the level of each message."""
    found = {}
    for path in (*(ROOT / "runtime").rglob("*.py"), *(ROOT / "src" / "dagfloe").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        own = {
            node.targets[0].id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            logger = node.func.value
            logger = own.get(logger.id, logger) if isinstance(logger, ast.Name) else logger
            if node.func.attr in LEVELS and ast.unparse(logger).startswith("logging.getLogger("):
                assert isinstance(logger, ast.Call)
                name, text = ast.literal_eval(logger.args[0]), ast.literal_eval(node.args[0])
                found[general(text)] = (name, node.func.attr)
    return found


def launcher_messages() -> set[str]:
    """What the launcher says, and why it says that a folder is not used."""
    found = set()
    for path in (ROOT / "build" / "launcher").glob("*.c"):
        for arguments in _C_CALL.findall(path.read_text("utf-8")):
            found |= {general(ast.literal_eval(f"({text})")) for text in _C_TEXTS.findall(arguments)}
    return {text for text in found if re.search(r"[a-z]", text)}
