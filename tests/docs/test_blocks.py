"""The tests run every block of code in the documentation."""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dagfloe.runtime.metadata import platform_tag
from support import sales_project
from support.blocks import PAGES, ROOT, Block, read_blocks
from support.page_runner import Page, PageError, matches, read_console

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Reasons for not running a block, with the numbers of blocks.
EXCUSES = {
    "it installs into the environment that runs the tests": 2,
    "it needs an Airflow, and `make airflow-readme` runs it": 8,
    "it is for Airflow 3.3, and `make airflow-readme` runs it": 2,
}
BLOCKS = {str(page.relative_to(ROOT)): read_blocks(page) for page in PAGES}


@pytest.fixture
def page(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """Create the folder of a page, with the examples and copies of the bundle files that the page names."""
    (tmp_path / "bundles").symlink_to(ROOT / "bundles")
    (tmp_path / "dags").mkdir()
    content = "".join(block.content for block in BLOCKS[name])
    for folder, bundle in product(("dist/linux-x86_64", "opt/airflow/bundles"), ("hello", "weather")):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        if f"{folder}/{bundle}" in content:
            shutil.copy(ROOT / "dist" / platform_tag() / bundle, tmp_path / folder / bundle)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield Page(tmp_path)
    for module in set(sys.modules) - before:
        if Path(getattr(sys.modules[module], "__file__", None) or "/").is_relative_to(tmp_path):
            del sys.modules[module]


@pytest.mark.frozen
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [name for name, blocks in BLOCKS.items() if blocks])
def test_page(name: str, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page run in their order and print the output that the page shows."""
    if ROOT / name == sales_project.PAGE:
        sales_project.prepare(page.folder, page.folder / "dist" / "linux-x86_64" / "sales", monkeypatch)
    page.run(BLOCKS[name])


def test_few_blocks_are_not_run() -> None:
    """Every block that is not run gives a reason from the list."""
    excuses = [block.excuse for blocks in BLOCKS.values() for block in blocks if block.excuse]
    assert {excuse: excuses.count(excuse) for excuse in excuses} == EXCUSES


def blocks_of(tmp_path: Path, content: str) -> list[Block]:
    """Read the blocks of a page with this content."""
    path = ROOT / "page.md"  # this file does not exist
    file = tmp_path / "page.md"
    file.write_text(content, "utf-8")
    return [replace(block, page=path) for block in read_blocks(file)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("```python\nraise ValueError(1)\n```", "1"),
        ("```cobol\n```", "cannot be run"),
        ("```\n```", "cannot be run"),
        ("```console\n$ exit 3\n```", "status 3"),
        ("```console\n$ echo one\ntwo\n```", "the page shows"),
        ("```console\n$ dagfloe inspect nothing\n```", "status 1"),
        ("```toml\nx = 1\n```", "not a project"),
        ('```toml\n[tool.dagfloe]\nbundle = "tasks:bundle"\ntypo = 1\n```', "typo"),
        ("```yaml\nkind: Pod\n```", "needs apiVersion"),
        ("```dockerfile\nRUM x\n```", "not a Dockerfile"),
        ("```json\n{\n```", "Expecting"),
        ("```python\n# test_x.py\ndef test_x():\n    assert False\n```", "1 failed"),
    ],
)
def test_a_wrong_block_fails(content: str, message: str, tmp_path: Path) -> None:
    """A block that fails, or that prints other output, fails the test."""
    with pytest.raises((PageError, Exception), match=message):
        Page(tmp_path).run(blocks_of(tmp_path, content))


def test_blocks_build_on_each_other(tmp_path: Path) -> None:
    """Blocks share names, files, the current folder and the last exit status."""
    blocks = [
        "```python\nx = 1\n```",
        "```python\nassert x == 1\n```",
        '```python title="a/b.py"\ny = 2\n```',
        "```console\n$ cd a\n$ cat b.py \\\n  | head -1\ny = ...\n$ false\n$ echo $?\n1\n```",
        "```console\n$ ls *.py\nb.py\n```",
        "<!-- not run: never -->\n```python\nx = 0\n```",
    ]
    Page(tmp_path).run(blocks_of(tmp_path, "\n".join(blocks)))


def test_output() -> None:
    """Three dots match any part of a line, and any number of lines."""
    assert list(read_console("$ a\nb\nc\n$ d\n")) == [("a", "b\nc"), ("d", "")]
    assert matches("a ... c\n...\nd", "a b c\nx\ny\nd\n")
    assert matches("a\n...\nd", "a\nd\n")
    assert not matches("a ...", "b a")
    assert not matches("a", "a\nb")


def test_reference_is_complete() -> None:
    """The reference lists every public name, command, project option and environment variable."""
    import dagfloe  # noqa: PLC0415
    import dagfloe.testing  # noqa: PLC0415
    from dagfloe.build.project import OPTIONS  # noqa: PLC0415
    from dagfloe.cli.tool import COMMANDS  # noqa: PLC0415

    reference = {path.name: path.read_text("utf-8") for path in (ROOT / "docs" / "reference").glob("*.md")}
    api = re.findall(r"(?m)^::: (dagfloe\.\S+)$", "\n".join(reference.values()))
    names = [f"dagfloe.{name}" for name in dagfloe.__all__ if not name.startswith("__")]
    names += [f"dagfloe.testing.{name}" for name in dagfloe.testing.__all__]
    assert sorted(set(names) - set(api)) == []
    assert len(api) == len(set(api))
    assert re.findall(r":command: (\w+)", reference["cli.md"]) == list(COMMANDS)
    assert [option for option in OPTIONS if f"`{option}`" not in reference["settings.md"]] == []
    sources = [path for part in ("src", "runtime", "cli", "build") for path in (ROOT / part).rglob("*.py")]
    sources += (ROOT / "build" / "launcher").glob("*.[ch]")
    variables = {name for path in sources for name in re.findall(r'"(DAGFLOE_[A-Z_]+)"', path.read_text("utf-8"))}
    assert variables >= {"DAGFLOE_CACHE_DIR", "DAGFLOE_REPLY_TIMEOUT_S"}
    assert sorted(name for name in variables if f"`{name}`" not in reference["settings.md"]) == []
