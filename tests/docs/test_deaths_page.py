"""The page on deaths has a row for every test."""

from __future__ import annotations

from support.deaths import DEATHS
from support.deaths_page import PAGE, format_status
from support.hosts import HOSTS


def test_every_row_is_shown() -> None:
    """Every death and every host has a row with its result; every death was tested at least 20 times."""
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    results = {cells[0]: cells[1:] for cells in rows}
    for death in DEATHS:
        times, status, processes, folders = results[death.name]
        assert int(times) >= 20
        assert status == format_status(death.status)
        assert (processes, folders[0]) == ("0", "0")
    for host in HOSTS:
        assert results[host.name][0].startswith("the task succeeded" if host.runs else "status 126")
    assert "20 first starts at once" in results
    assert "100 first starts, each killed at a random moment" in results
