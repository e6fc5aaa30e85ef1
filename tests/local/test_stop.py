"""Stop requests."""

from __future__ import annotations

import select

from dagfloe.local.stop import Stop


def is_readable(stop: Stop) -> bool:
    return bool(select.select([stop], [], [], 0)[0])


def test_parts() -> None:
    """A stop sets all its parts, also those that are added later. A part sets nothing else."""
    with Stop() as stop, stop.add_part() as first, stop.add_part() as second:
        first.set()
        assert (stop.is_set, first.is_set, second.is_set) == (False, True, False)
        stop.set()
        assert second.is_set
        assert is_readable(second)
        with stop.add_part() as late:
            assert late.is_set
            assert is_readable(late)


def test_closed_part() -> None:
    """A part that was closed does not disturb the stop."""
    with Stop() as stop:
        stop.add_part().close()
        stop.set()
        assert is_readable(stop)
