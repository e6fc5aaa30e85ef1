"""Constants, a compiled pattern, an enum and helpers that call each other, all at the top of the file."""

from __future__ import annotations

import enum
import functools
import logging
import re
from collections import defaultdict
from typing import Iterable

import pendulum

from airflow.sdk import dag, task

log = logging.getLogger(__name__)

LINE = re.compile(r"^(?P<level>[A-Z]+) (?P<text>.+)$")
SAMPLE = """\
INFO started
WARNING disk is at 91 %
noise
ERROR disk is full
"""
LIMITS = {"WARNING": 0, "ERROR": 0}
UNUSED = {"not": "moved"}


class Level(enum.IntEnum):
    INFO = 1
    WARNING = 2
    ERROR = 3


@functools.cache
def weight(level: Level) -> int:
    return 10 ** int(level)


def parse(lines: Iterable[str]):
    """Yield level and text of each line that has them."""
    for line in lines:
        if match := LINE.match(line):
            yield Level[match["level"]], match["text"]
        else:
            log.warning("not understood: %r", line)


def count(pairs):
    counts: dict[str, int] = defaultdict(int)
    for level, _text in pairs:
        counts[level.name] += weight(level)
    return dict(counts)


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def helpers():
    @task
    def read() -> list[str]:
        return SAMPLE.splitlines()

    @task
    def weigh(lines: list[str]):
        counts = count(parse(lines))
        log.info("counts %s", counts)
        return counts

    @task
    def judge(counts: dict):
        over = [name for name, limit in LIMITS.items() if counts.get(name, 0) > limit]
        print("over the limit:", ", ".join(over) or "none")
        return over

    judge(weigh(read()))


helpers()
