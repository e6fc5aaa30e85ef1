"""The result of one check of `dagfloe doctor`."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARNING, FAILED = "ok", "warning", "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check.

    Attributes:
        name: what was checked.
        state: `ok`, `warning` or `failed`.
        text: what the check saw.
        cure: what to do about a problem; empty without a problem.
    """

    name: str
    state: str
    text: str
    cure: str = ""
