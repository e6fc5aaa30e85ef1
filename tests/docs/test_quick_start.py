"""The quick start uses the commands of the README, which `make airflow-readme` runs in a real Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.readme import path_blocks
from support.blocks import ROOT, read_blocks
from support.page_runner import read_console

if TYPE_CHECKING:
    from support.blocks import Block

BLOCKS = read_blocks(ROOT / "docs" / "tutorial" / "quick-start.md")
README = [*path_blocks()]


def commands(blocks: list[Block]) -> list[str]:
    """List the commands in the blocks."""
    return [command for block in blocks if block.language == "console" for command, _ in read_console(block.content)]


def test_every_command_of_the_readme_is_explained() -> None:
    typed = commands(README)
    assert "dagfloe build" in typed
    assert set(typed) <= set(commands(BLOCKS))


def test_commands_that_need_airflow_are_in_the_readme() -> None:
    """The commands have the same order, and Airflow's settings are the same."""
    blocks = [block for block in BLOCKS if "airflow-readme" in block.excuse]
    assert blocks
    assert commands(blocks) == commands([block for block in README if "airflow-readme" in block.excuse])
    settings = [(block.name, block.content) for block in README if block.language == "ini"]
    assert settings == [(block.name, block.content) for block in BLOCKS if block.language == "ini"]
