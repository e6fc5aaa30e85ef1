"""The comparison of what a project and its frozen program declare."""

from __future__ import annotations

from typing import Any

import pytest

from dagfloe.build.checks.declarations import check_declarations, list_differences
from dagfloe.format.errors import FreezeError


def metadata(**dags: Any) -> dict[str, Any]:
    """Metadata with these Dags."""
    return {"source": "tasks.py", "dags": dags}


def dag(*tasks: str, **declaration: Any) -> dict[str, Any]:
    """A Dag."""
    return {"tasks": [*tasks], "declaration": declaration}


@pytest.mark.parametrize(
    ("project", "file", "differences"),
    [
        (metadata(a=dag("t")), metadata(a=dag("t")), []),
        (metadata(a=dag("t"), b=dag("t")), metadata(a=dag("t")), ["the Dag 'b' is only in the project"]),
        (metadata(), metadata(b=dag("t")), ["the Dag 'b' is only in the file"]),
        (metadata(a=dag("t", "u")), metadata(a=dag("u")), ["the task 't' of the Dag 'a' is only in the project"]),
        (
            metadata(a=dag("t", options={"retries": 1})),
            metadata(a=dag("t", options={"retries": 2})),
            ["the Dag 'a' has declaration.options.retries = 1 in the project and 2 in the file"],
        ),
        (
            metadata(a=dag("t", tags=["x", "y"])),
            metadata(a=dag("t", tags=["x", "z"])),
            ["the Dag 'a' has declaration.tags[1] = 'y' in the project and 'z' in the file"],
        ),
        (
            metadata(a=dag("t", tags=["x"])),
            metadata(a=dag("t")),
            ["the Dag 'a' has declaration.tags = ['x'] in the project and nothing in the file"],
        ),
        (
            metadata(a=dag(x=1)),
            metadata(a=dag(x=True)),
            ["the Dag 'a' has declaration.x = 1 in the project and True in the file"],
        ),
        (
            {**metadata(), "source": "x"},
            metadata(),
            ["the bundle has source = 'x' in the project and 'tasks.py' in the file"],
        ),
    ],
)
def test_differences(project: dict[str, Any], file: dict[str, Any], differences: list[str]) -> None:
    """Each difference names the Dag, the task or the option."""
    assert list(list_differences(project, file)) == differences


def test_equal() -> None:
    """Without a difference, nothing is read again."""
    check_declarations(metadata(a=dag("t")), metadata(a=dag("t")), pytest.fail, pytest.fail)


def test_reasons() -> None:
    """The error has the differences, the first ten of many, and their reasons."""
    project = metadata(a=dag(*map(str, range(10, 25))))
    with pytest.raises(FreezeError) as caught:
        check_declarations(metadata(a=dag()), project, lambda: metadata(a=dag()), lambda: ["write data = []"])
    first, *lines = str(caught.value).splitlines()
    assert first == "the file would declare something else than the project:"
    assert lines[0] == "  the task '10' of the Dag 'a' is only in the project"
    assert lines[-2:] == ["  and 5 more differences", "  write data = []"]


def test_no_known_reason() -> None:
    """A difference without a known reason has hints."""
    with pytest.raises(FreezeError, match=r"it may depend on sys\.frozen, on a path or on the environment"):
        check_declarations(metadata(), metadata(a=dag("t")), metadata, list)


def test_changing_declarations() -> None:
    """Declarations that change with every import are an error of the module, and not a difference of the file."""
    values = iter("bc")
    with pytest.raises(FreezeError) as caught:
        check_declarations(
            metadata(a=dag("t", x="a")), metadata(a=dag("t", x="0")), lambda: metadata(a=dag("t", x=next(values))), list
        )
    assert str(caught.value) == (
        "the module of the bundle declares other things at every import: the Dag 'a' has declaration.x = 'a' at one "
        "import and 'b' at another"
    )
