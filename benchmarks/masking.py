"""Measures how the cost of masking grows with the number and the size of the secrets."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.report import Limit, Table, rows_of
from benchmarks.samples import alternate, ratios
from dagfloe.masking import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable

LINE = "record 17 of many: 1200 rows of public.orders from db.example in 3.2 s"
#: What doubles costs about twice the time. What was quadratic cost four times the time.
LIMIT = 3.0


def measure(rounds: int) -> Table:
    """Measure each case at two sizes, in turns."""
    small, large = {"40 connections": partial(connections, 40)}, {"80 connections": partial(connections, 80)}
    small["10,000 secrets"], large["20,000 secrets"] = partial(many, 10_000), partial(many, 20_000)
    small["a secret of 2.5 MB"], large["a secret of 5 MB"] = partial(huge, 2_500_000), partial(huge, 5_000_000)
    figures = alternate({name: partial(cost_ms, work) for name, work in {**small, **large}.items()}, rounds)
    return Table(
        "Masking",
        "Processor time to add the secrets and to mask log lines. After each connection, one line is masked.",
        rows_of("ms", figures),
        tuple(
            Limit(f"{more} / {less}", ratios(figures[more], figures[less]), LIMIT)
            for less, more in zip(small, large, strict=True)
        ),
    )


def cost_ms(work: Callable[[], object]) -> float:
    """The processor time of a function in milliseconds."""
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000


def connections(count: int) -> None:
    """Add the secrets of connections, and mask a line after each."""
    secrets = Secrets()
    for number in range(count):
        secrets.add(f"{number * 7919}-pa$$word")
        key = f"MIIEvQ/+{number}\n" * 20
        secrets.add_extra(json.dumps({"keyfile_dict": {"private_key": key}, "region": "eu"}))
        secrets.mask(LINE)


def many(count: int) -> None:
    """Add many secrets at once, and mask a line."""
    secrets = Secrets()
    secrets.add([f"{number * 7919:08}-secret" for number in range(count)])
    secrets.mask(LINE)


def huge(size: int) -> None:
    """Add one large secret, and mask a line."""
    secrets = Secrets()
    secrets.add("0123456789" * (size // 10))
    secrets.mask(LINE)
