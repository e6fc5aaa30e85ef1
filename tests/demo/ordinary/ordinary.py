"""The cases as tasks of a bundle."""

from __future__ import annotations

from datetime import timedelta

from cases import CASES, TIMEOUT_S

from dagfloe import Bundle

bundle = Bundle()


def add(name, function):
    limit = timedelta(seconds=TIMEOUT_S[name]) if name in TIMEOUT_S else None

    @bundle.dag(name).task(execution_timeout=limit)
    def work() -> None:
        function()


for name, function in CASES.items():
    add(name, function)
