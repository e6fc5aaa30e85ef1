"""The fenced blocks of the documentation's pages."""

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
_AIRFLOW = re.compile(r"(?m)^ *(?:from|import) (?:airflow|pendulum|dagfloe\.airflow)\b")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        page: where it is.
        line: the number of its first line of text.
        language: what the fence says.
        name: the file that it shows, by its title or its first comment; empty for none.
        text: what is in it.
        excuse: why it is not run; empty for those that are.
    """

    page: Path
    line: int
    language: str
    name: str
    text: str
    excuse: str = ""

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def needs_airflow(self) -> bool:
        """Whether it is Python that imports Airflow."""
        return self.language == "python" and _AIRFLOW.search(self.text) is not None


def read_blocks(page: Path) -> list[Block]:
    """The blocks of a page, in order; a fence that is not closed fails."""
    blocks = []
    lines = page.read_text("utf-8").splitlines()
    above = ""
    number = 0
    while number < len(lines):
        opened = _FENCE.match(lines[number])
        if not opened:
            above = lines[number].strip() or above
            number += 1
            continue
        indent, fence, language, info = opened.groups()
        end = lines.index(indent + fence, number + 1)
        text = textwrap.dedent("\n".join(lines[number + 1 : end])) + "\n"
        title, named, excuse = _TITLE.search(info), _NAMED.match(text), _NOT_RUN.fullmatch(above)
        name = title[1] if title else named[1] if named else ""
        blocks.append(Block(page, number + 2, language, name, text, excuse[1] if excuse else ""))
        above = ""
        number = end + 1
    return blocks
