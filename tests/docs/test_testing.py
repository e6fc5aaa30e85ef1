"""The code in the guide to testing is a project whose tests pass."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from dagfloe.testing import Log, Result, TaskEnvironment

if TYPE_CHECKING:
    import pytest

pytest_plugins = ["pytester"]

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "testing.md").read_text("utf-8")
FILES = dict(re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def test_code_is_a_project_whose_tests_pass(pytester: pytest.Pytester) -> None:
    """Every block is a file, and pytest runs all tests in them successfully."""
    assert len(FILES) == PAGE.count("```python\n") == 8
    for name, source in FILES.items():
        (pytester.path / name).write_text(source, "utf-8")
    tests = sum(source.count("\ndef test_") for source in FILES.values()) + 1  # one test runs in two modes
    pytester.syspathinsert()
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=tests)


def test_names_exist() -> None:
    """Every name in the tables exists."""
    named = set(re.findall(r"`env\.(\w+)", PAGE))
    assert len(named) >= 10
    environment = TaskEnvironment()
    assert [name for name in sorted(named) if not hasattr(environment, name)] == []
    rows = "".join(line for line in PAGE.splitlines() if line.startswith("| `result."))
    of_result = set(re.findall(r"`(?:result)?\.(\w+)", rows))
    assert len(of_result) >= 15
    assert [name for name in sorted(of_result) if not hasattr(Result, name) and not hasattr(Log, name)] == []
