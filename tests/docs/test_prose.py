"""What people read is plain English: it has none of the phrases that `support.prose` lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.blocks import ROOT
from support.prose import PHRASES, Phrase, code_files, find_phrases, markdown_files, read_prose

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("path", markdown_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_page(path: Path) -> None:
    """No page of the documentation contains a phrase of the list."""
    assert find_phrases(path) == []


@pytest.mark.parametrize("path", code_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_code(path: Path) -> None:
    """No docstring, comment or string of the code contains a phrase of the list."""
    assert find_phrases(path) == []


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.pattern)
def test_phrase(phrase: Phrase) -> None:
    """The pattern finds its own wrong example, and accepts the right one."""
    assert list(phrase.search(phrase.wrong))
    assert not list(phrase.search(phrase.right))


def test_phrases_accept_all_right_examples() -> None:
    """No right example contains another phrase of the list."""
    matches = [match[0] for phrase in PHRASES for right in PHRASES for match in phrase.search(right.right)]
    assert matches == []


@pytest.mark.parametrize(
    ("name", "text", "prose"),
    [
        ("page.md", "a\n```sh\nb\n```\nc `d` e", [(1, "a\n…\n\n\nc … e")]),
        ("module.py", '"""a"""\n# b\n# c\nx = "d" "e"  #: f\ny = f"g{x}h"', [(1, "a"), (4, "de"), (5, "g"), (5, "h")]),
        ("program.c", '/* a\n * b */\nint c; // d\nchar *e = "f\\"g";', [(1, "/* a\n b */"), (3, "// d")]),
        ("Makefile", "a: ## b\n", [(1, "a: ## b\n")]),
    ],
)
def test_read_prose(name: str, text: str, prose: list[tuple[int, str]], tmp_path: Path) -> None:
    """Code is left out, and adjacent comments and strings are joined."""
    path = tmp_path / name
    path.write_text(text, "utf-8")
    assert [part for part in read_prose(path) if part in prose] == prose


def test_files() -> None:
    """The search covers pages, packages, the launcher, templates and the Makefile, but no generated types."""
    names = {str(path.relative_to(ROOT)) for path in (*markdown_files(), *code_files())}
    assert names > {
        "CONTRIBUTING.md",
        "Makefile",
        "build/launcher/main.c",
        "bundles/hello/hello.py",
        "cli/templates/tasks.py.in",
        "docs/index.md",
        "runtime/server.py",
        "src/dagfloe/errors.py",
    }
    assert not [name for name in names if "messages/v" in name]
