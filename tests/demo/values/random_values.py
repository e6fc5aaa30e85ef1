"""Random values of the types that tasks exchange, the same ones for the same seed. Bundle and Dag file import it."""

from __future__ import annotations

import datetime as dt
import random
import uuid
import zoneinfo
from decimal import Decimal

SEED = 20260701
COUNT = 400
ZONES = [dt.timezone.utc, *(zoneinfo.ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "UTC"))]
TEXT = "aZ09 _\"'\\/\n\t\x7fé€☃😀"


class Values:
    """Makes values.

    Args:
        seed: the seed.
        is_bundle: whether a bundle encodes the values: it keeps more than Airflow, which cannot read its own form of a
            fixed offset, and shortens decimals to floats.
    """

    def __init__(self, seed: int, *, is_bundle: bool) -> None:
        self.random = random.Random(seed)
        self.is_bundle = is_bundle

    def many(self, count: int) -> list[object]:
        """Make nested values; each type is among them."""
        kinds = [*self.hashable(), *self.nested()]
        return [kinds[number % len(kinds)](3) for number in range(count)]

    def any(self, depth: int) -> object:
        kinds = [*self.hashable(), *(self.nested() if depth else ())]
        return self.random.choice(kinds)(depth)

    def hashable(self) -> list:
        names = ("none", "bool", "int", "float", "text", "moment", "day", "span", "decimal", "uuid", "zone")
        return [getattr(self, name) for name in names]

    def nested(self) -> list:
        return [getattr(self, name) for name in ("list", "dict", "tuple", "set", "frozenset")]

    def none(self, depth: int = 0) -> None:
        return None

    def bool(self, depth: int = 0) -> object:
        return self.random.random() < 0.5

    def int(self, depth: int = 0) -> object:
        return self.random.choice([0, -1, 2**53 + 1, -(2**63), 2**63 - 1, self.random.randint(-(10**6), 10**6)])

    def float(self, depth: int = 0) -> object:
        return self.random.choice([0.0, -0.0, 1e-300, 1.7e308, 0.1, self.random.uniform(-1e6, 1e6)])

    def text(self, depth: int = 0) -> str:
        return "".join(self.random.choices(TEXT, k=self.random.randint(0, 8)))

    def moment(self, depth: int = 0) -> dt.datetime:
        naive = dt.datetime(1900, 1, 1) + dt.timedelta(microseconds=self.random.randrange(250 * 365 * 86400 * 10**6))
        zones = [None, *ZONES]
        if self.is_bundle:
            zones.append(dt.timezone(dt.timedelta(minutes=self.random.randint(-1439, 1439))))
        zone = self.random.choice(zones)
        if zone is None:  # local time: on one machine, both sides have the same
            return naive
        return naive.replace(tzinfo=dt.timezone.utc).astimezone(zone)

    def day(self, depth: int = 0) -> dt.date:
        return dt.date.fromordinal(self.random.randint(1, dt.date.max.toordinal()))

    def span(self, depth: int = 0) -> dt.timedelta:
        return dt.timedelta(microseconds=self.random.randint(-(10**15), 10**15))

    def decimal(self, depth: int = 0) -> Decimal:
        if self.is_bundle:
            digits = tuple(self.random.randint(0, 9) for _ in range(self.random.randint(1, 40)))
            return Decimal((self.random.randint(0, 1), digits, self.random.randint(-60, 20)))
        return self.random.choice([Decimal(self.random.randint(-(10**12), 10**12)), Decimal("0.1"), Decimal("-12.375")])

    def uuid(self, depth: int = 0) -> uuid.UUID:
        return uuid.UUID(int=self.random.getrandbits(128))

    def zone(self, depth: int = 0) -> object:
        return self.random.choice(ZONES[1:])

    def list(self, depth: int) -> object:
        return [self.any(depth - 1) for _ in range(self.random.randint(0, 4))]

    def dict(self, depth: int) -> object:
        return {f"{index}{self.text()}": self.any(depth - 1) for index in range(self.random.randint(0, 4))}

    def tuple(self, depth: int) -> object:
        return tuple(self.any(depth - 1) for _ in range(self.random.randint(0, 4)))

    def set(self, depth: int) -> object:
        return {self.random.choice(self.hashable())() for _ in range(self.random.randint(0, 4))}

    def frozenset(self, depth: int) -> object:
        return frozenset(self.set(depth))


def same(one: object, other: object) -> bool:
    """Whether two values are equal with equal types, digits and times of day; zones may have other classes."""
    if isinstance(one, dt.tzinfo) and isinstance(other, dt.tzinfo):
        return str(one) == str(other)
    if isinstance(one, dt.datetime) and isinstance(other, dt.datetime):
        times = [(value.replace(tzinfo=None, fold=0), value.timestamp(), value.utcoffset()) for value in (one, other)]
        return times[0] == times[1]
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (set, frozenset)):
        return len(one) == len(other) and all(any(same(item, twin) for twin in other) for item in one)
    return repr(one) == repr(other)


def difference(expected: object, got: object) -> str | None:
    """The first item of two lists that differs."""
    if not isinstance(expected, list) or not isinstance(got, list) or len(expected) != len(got):
        return f"{type(got)}, {len(got) if isinstance(got, list) else None} items"
    for index, (one, other) in enumerate(zip(expected, got, strict=True)):
        if not same(one, other):
            return f"item {index} of seed {SEED}: expected {one!r}, got {other!r}"
    return None
