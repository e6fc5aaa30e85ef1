"""The page on fuzzing has a row for every target, with enough inputs, and no input that broke it."""

from __future__ import annotations

from fuzz.campaign import C_TARGETS, PAGE
from fuzz.targets import TARGETS

#: Fewer inputs say little.
MIN_INPUTS = 100_000


def test_every_target_is_shown_with_its_result() -> None:
    """Every target ran with many inputs, and handled all of them."""
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    results = {cells[0].strip("`"): cells for cells in rows}
    assert set(results) == {*TARGETS, *C_TARGETS}
    for name, (_, promise, inputs, _, _, broken) in results.items():
        assert promise, name
        assert int(inputs.replace(",", "")) >= MIN_INPUTS, name
        assert broken == "0", name
