"""The fenced blocks of the documentation."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_FENCE = re.compile(r"^( *)(```+)([\w-]*) *(.*)$")
_TITLE = re.compile(r'title="([^"]+)"')
_NAMED = re.compile(r"# ([\w./-]+\.\w+)\n")
_NOT_RUN = re.compile(r"<!-- not run: (.+) -->")
_CELERY = re.compile(r"(?m)^ *(?:from|import) celery\b")
_AIRFLOW = re.compile(r"(?m)^ *(?:from|import) (?:airflow|pendulum|dagfloe\.airflow)\b")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        page: the page.
        line: the number of its first line.
        language: the language in the fence.
        name: the name of a file, from the title or the first comment; empty if the block is not a file.
        content: its lines.
        excuse: the reason for not running it; empty if the tests run it.
    """

    page: Path
    line: int
    language: str
    name: str
    content: str
    excuse: str = ""

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def needs_airflow(self) -> bool:
        """Whether it is Python code that imports Airflow."""
        return self.language == "python" and _AIRFLOW.search(self.content) is not None

    @property
    def needs_celery(self) -> bool:
        """Whether it is Python code that imports Celery, which few Airflows have."""
        return self.language == "python" and _CELERY.search(self.content) is not None


def read_blocks(page: Path) -> list[Block]:
    """Read the blocks of a page in order. A fence without an end raises ValueError."""
    blocks = []
    lines = page.read_text("utf-8").splitlines()
    above = ""
    number = 0
    while number < len(lines):
        match = _FENCE.match(lines[number])
        if not match:
            above = lines[number].strip() or above
            number += 1
            continue
        indent, fence, language, info = match.groups()
        end = lines.index(indent + fence, number + 1)
        content = textwrap.dedent("\n".join(lines[number + 1 : end])) + "\n"
        title, named, excuse = _TITLE.search(info), _NAMED.match(content), _NOT_RUN.fullmatch(above)
        name = title[1] if title else named[1] if named else ""
        blocks.append(Block(page, number + 2, language, name, content, excuse[1] if excuse else ""))
        above = ""
        number = end + 1
    return blocks
