"""The forms of values that JSON lacks: Airflow's forms, and dagfloe's own."""

from __future__ import annotations

import copy
import datetime as dt
import json
import subprocess
import sys
import time
import uuid
import zoneinfo
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagfloe.errors import ValueNotSerializableError
from dagfloe.values.jsonable import MAX_DEPTH, check_jsonable
from dagfloe.values.serde import decode, encode
from support.strategies import any_text, finite, int64, json_values, nested, odd_values, text

if TYPE_CHECKING:
    from collections.abc import Iterator

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
CET = zoneinfo.ZoneInfo("CET")
DATE_TIME = "pendulum.datetime.DateTime"
ZONE = "pendulum.tz.timezone.Timezone"
FIXED = "pendulum.tz.timezone.FixedTimezone"


class Place(NamedTuple):
    """A named tuple, which arrives as a tuple."""

    city: str
    code: int


class Lunar(dt.tzinfo):
    """An author's time zone."""

    def utcoffset(self, when: dt.datetime | None) -> dt.timedelta:
        """An hour."""
        return dt.timedelta(hours=1 if when else 0)

    def tzname(self, when: dt.datetime | None) -> None:
        """None."""

    def dst(self, when: dt.datetime | None) -> None:
        """Never."""


class Oddity(set[int]):
    """An author's set."""


def offset(seconds: float) -> dt.timezone:
    return dt.timezone(dt.timedelta(seconds=seconds))


def old(name: str, data: object) -> dict[str, object]:
    return {"__var": data, "__type": name}


def form(name: str, version: int, data: object) -> dict[str, object]:
    return {"__classname__": name, "__version__": version, "__data__": data}


def a_tuple(*items: object) -> dict[str, object]:
    return form("builtins.tuple", 1, list(items))


def instant(timestamp: object, zone: object, name: str = "datetime.datetime") -> dict[str, object]:
    return form(name, 2, {"timestamp": timestamp, "tz": zone})


def zone(data: object, name: str = FIXED) -> dict[str, object]:
    return a_tuple(data, name, 1, True)


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set the process's time zone to UTC, as for the golden pairs; it applies to naive datetimes."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


#: Values, and their forms from `airflow.sdk.serde.serialize` of Airflow 3.3.2 in UTC.
GOLDEN: list[tuple[object, object]] = [
    ((1, "a"), a_tuple(1, "a")),
    ((), a_tuple()),
    (Place("Rome", 6), a_tuple("Rome", 6)),
    ({1}, form("builtins.set", 1, [1])),
    (frozenset(["a"]), form("builtins.frozenset", 1, ["a"])),
    ({"a": [(1, (2,))]}, {"a": [a_tuple(1, a_tuple(2))]}),
    (dt.datetime(2026, 7, 1, 12, 30, 15, 250000), instant(1782909015.25, None)),  # noqa: DTZ001
    (dt.datetime(2026, 7, 1, 12, 30, 15, 250000, dt.timezone.utc), instant(1782909015.25, zone("UTC"))),
    (dt.datetime(2026, 7, 1, 12, 30, 15, 123457, dt.timezone.utc), instant(1782909015.123457, zone("UTC"))),
    (
        dt.datetime(2026, 7, 1, 12, 30, tzinfo=BERLIN),
        instant(1782901800.0, zone("Europe/Berlin", "zoneinfo.ZoneInfo")),
    ),
    (
        dt.datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1),
        instant(1792891800.0, zone("Europe/Berlin", "zoneinfo.ZoneInfo")),
    ),
    (
        dt.datetime(2026, 7, 1, 12, 30, tzinfo=zoneinfo.ZoneInfo("UTC")),
        instant(1782909000.0, zone("UTC", "zoneinfo.ZoneInfo")),
    ),
    (dt.date(2026, 7, 1), form("datetime.date", 2, "2026-07-01")),
    (dt.timedelta(days=1, microseconds=5), form("datetime.timedelta", 2, 86400.000005)),
    (dt.timedelta(seconds=-1), form("datetime.timedelta", 2, -1.0)),
    (Decimal("1.5"), form("decimal.Decimal", 1, 1.5)),
    (Decimal(15), form("decimal.Decimal", 1, 15)),
    (uuid.UUID(int=5), form("uuid.UUID", 1, "00000000-0000-0000-0000-000000000005")),
    (BERLIN, form("zoneinfo.ZoneInfo", 1, "Europe/Berlin")),
    (zoneinfo.ZoneInfo("UTC"), form("zoneinfo.ZoneInfo", 1, "UTC")),
]
#: Values whose forms from Airflow 3.3.2 lose digits or cannot be read, and our forms, which it reads as equal values.
OURS: list[tuple[object, object]] = [
    (Decimal("1.50"), form("decimal.Decimal", 1, "1.50")),
    (Decimal("1E+3"), form("decimal.Decimal", 1, "1E+3")),
    (Decimal("-0"), form("decimal.Decimal", 1, "-0")),
    (Decimal("1.23456789012345678901"), form("decimal.Decimal", 1, "1.23456789012345678901")),
    (Decimal("1.5E-400"), form("decimal.Decimal", 1, "1.5E-400")),
    (Decimal("1E+999999999"), form("decimal.Decimal", 1, "1E+999999999")),
    (Decimal(2**64), form("decimal.Decimal", 1, "18446744073709551616")),
    (Decimal("-Infinity"), form("decimal.Decimal", 1, "-Infinity")),
    (dt.datetime(2026, 7, 1, 13, 31, 1, tzinfo=offset(3661)), instant(1782909000.0, zone(3661))),
    (dt.datetime(2026, 7, 1, 11, 30, tzinfo=offset(-3600)), instant(1782909000.0, zone(-3600))),
    (dt.timezone.utc, form(FIXED, 1, "UTC")),
    (offset(-7200), form(FIXED, 1, -7200)),
]
#: Forms of pendulum's classes from Airflow 3.3.2, or from older versions, and their values. Airflow 3.3.2 reads them
#: as equal values, except for those with a comment.
READ: list[tuple[object, object]] = [
    (instant(1782909000.0, zone("UTC", ZONE), DATE_TIME), dt.datetime(2026, 7, 1, 12, 30, tzinfo=dt.timezone.utc)),
    (instant(1782901800.0, zone("Europe/Berlin", ZONE), DATE_TIME), dt.datetime(2026, 7, 1, 12, 30, tzinfo=BERLIN)),
    (instant(1782901800.0, zone(7200), DATE_TIME), dt.datetime(2026, 7, 1, 12, 30, tzinfo=offset(7200))),
    (form("pendulum.date.Date", 2, "2026-07-01"), dt.date(2026, 7, 1)),
    (form(ZONE, 1, "Europe/Berlin"), BERLIN),
    (form(ZONE, 1, "UTC"), dt.timezone.utc),
    (form(FIXED, 1, 7200), offset(7200)),
    (form("datetime.datetime", 1, {"timestamp": 0.0, "tz": "UTC"}), dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)),
    (
        form("datetime.datetime", 1, {"timestamp": 0.0, "tz": "EDT"}),
        dt.datetime(1969, 12, 31, 20, tzinfo=offset(-14400)),
    ),
    (form("datetime.datetime", 1, {"timestamp": 0.0, "tz": "CEST"}), dt.datetime(1970, 1, 1, 1, tzinfo=CET)),
    (form("datetime.datetime", 1, {"timestamp": 0.0, "tz": 7200}), dt.datetime(1970, 1, 1, 2, tzinfo=offset(7200))),
    (form("datetime.datetime", 2, {"timestamp": 0.0}), dt.datetime(1970, 1, 1)),  # noqa: DTZ001
    (form("datetime.timedelta", 2, "5"), dt.timedelta(seconds=5)),
    (form("decimal.Decimal", 1, "1.5"), Decimal("1.5")),
    (old("dict", {"a": old("tuple", [1, old("tuple", [2])])}), {"a": (1, (2,))}),
    (old("set", [1, 2]), {1, 2}),
    (old("frozenset", [1]), frozenset([1])),
    (old("datetime", 1782907200.0), dt.datetime(2026, 7, 1, 12, tzinfo=dt.timezone.utc)),
    (old("timedelta", 86400.0), dt.timedelta(days=1)),
    # Its form of a datetime with a datetime.timezone lacks the offset; Airflow fails to read it.
    (instant(1782901800.0, a_tuple("", "", 0, False)), dt.datetime(2026, 7, 1, 10, 30, tzinfo=dt.timezone.utc)),
    # Airflow does not write this form, and fails to read it, as with the older time zones.
    (form("datetime.timedelta", 2, 5), dt.timedelta(seconds=5)),
    (old("timezone", 7200), offset(7200)),
]
#: Forms of other classes, malformed forms, and forms that would be dangerous to decode.
UNKNOWN: list[object] = [
    form("os.system", 1, ["true"]),
    form("builtins.eval", 1, "1"),
    form("builtins.list", 1, [1]),
    form("airflow.sdk.definitions.asset.Asset", 1, {"inner": a_tuple(1)}),
    form("builtins.tuple", 2, [1]),
    form("builtins.tuple", -1, [1]),
    form("builtins.tuple", 1, "ab"),
    form("builtins.tuple", 1, None),
    form("builtins.set", 1, [[1], a_tuple(1)]),
    form("datetime.date", 2, "yesterday"),
    form("datetime.date", 2, 5),
    form("datetime.timedelta", 2, 1e300),
    form("datetime.timedelta", 2, True),
    form("datetime.datetime", 3, {"timestamp": 0.0, "tz": None}),
    form("datetime.datetime", 2, {"timestamp": "0", "tz": None}),
    form("datetime.datetime", 2, {"timestamp": 1e300, "tz": None}),
    form("datetime.datetime", 2, {"tz": None}),
    form("datetime.datetime", 2, {"timestamp": 0.0, "tz": a_tuple()}),
    form("datetime.datetime", 2, {"timestamp": 0.0, "tz": []}),
    form("zoneinfo.ZoneInfo", 1, "../../etc/passwd"),
    form("zoneinfo.ZoneInfo", 1, "Nowhere/Never"),
    form("zoneinfo.ZoneInfo", 1, ""),
    form(FIXED, 1, 10**6),
    form("decimal.Decimal", 1, "one"),
    form("decimal.Decimal", 1, [0, [1], 0]),
    form("uuid.UUID", 1, "5"),
    {"__classname__": "builtins.tuple", "__data__": [a_tuple(1)]},
    {"__classname__": ["builtins.tuple"], "__version__": 1, "__data__": [1]},
    {**a_tuple(1), "more": a_tuple(2)},
    {"__classname__": "builtins.tuple", "__version__": "1", "__data__": [1]},
    {**old("tuple", [1]), "more": 2},
    old("dict", [1]),
    old("DAG", {"a": a_tuple(1)}),
    {"__type": ["tuple"], "__var": [1]},
]


def plain(value: Any) -> Any:
    """A value with named tuples replaced by tuples."""
    return tuple(value) if isinstance(value, Place) else value


def equal(one: Any, other: Any) -> bool:
    """Whether two values and their classes are equal, and datetimes have the same time of day."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dt.datetime):
        same_time_of_day = one.replace(tzinfo=None, fold=0) == other.replace(tzinfo=None, fold=0)
        return same_time_of_day and bool(one.timestamp() == other.timestamp())
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(equal(one[key], other[key]) for key in one)
    return bool(one == other)


@pytest.mark.parametrize(("value", "form_"), GOLDEN + OURS)
def test_forms_are_those_of_airflow(value: object, form_: object) -> None:
    """A value is encoded in Airflow's form, and decoded to an equal value."""
    assert json.dumps(encode(value)) == json.dumps(form_)
    assert equal(decode(json.loads(json.dumps(form_))), plain(value))


@pytest.mark.parametrize(("form_", "value"), READ)
def test_other_forms_of_airflow_are_decoded(form_: object, value: object) -> None:
    """Forms of pendulum's classes and forms of older versions are decoded."""
    before = copy.deepcopy(form_)
    assert equal(decode([form_]), [value])
    assert form_ == before


@pytest.mark.parametrize("form_", UNKNOWN)
def test_other_dicts_are_not_decoded(form_: Any) -> None:
    """A form of another class, or a malformed form, stays the same object, unchanged inside."""
    before = copy.deepcopy(form_)
    assert decode(form_) is form_
    assert form_ == before
    around = {"a": [form_, a_tuple(1)]}
    decoded = decode(around)
    assert decoded == {"a": [form_, (1,)]}
    assert decoded["a"][0] is form_


#: Datetimes that a float of seconds represents exactly.
stamps = st.datetimes(dt.datetime(1800, 1, 1), dt.datetime(2200, 1, 1))  # noqa: DTZ001 - zones are added
zones = st.sampled_from([dt.timezone.utc, BERLIN, zoneinfo.ZoneInfo("America/New_York")]) | st.integers(
    -86399, 86399
).map(offset)
hashable = (
    st.booleans()
    | int64
    | finite
    | text
    | stamps
    | st.builds(lambda stamp, where: stamp.replace(tzinfo=where), stamps, zones)
    | st.dates()
    | st.timedeltas(dt.timedelta(-90000), dt.timedelta(90000))
    | st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9)
    | st.uuids()
    | zones
)
values = st.recursive(
    st.none() | hashable,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(text.filter(lambda key: not key.startswith("__")), inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.sets(hashable, max_size=1)
        | st.frozensets(hashable, max_size=1)
    ),
    max_leaves=10,
)


@given(values)
def test_round_trip(value: Any) -> None:
    """An encoded value is valid JSON for Airflow, and is decoded to an equal value of the same classes."""
    before = copy.deepcopy(value)
    encoded = encode(value)
    check_jsonable(encoded)
    json.dumps(encoded, allow_nan=False)
    back = decode(json.loads(json.dumps(encoded)))
    assert equal(_without_sets(back), _without_sets(value))
    assert equal(value, before)


def _without_sets(value: Any) -> Any:
    """The items of a set have no order, so sets are compared as lists."""
    if isinstance(value, (set, frozenset)):
        return [type(value).__name__, *value]
    if isinstance(value, (list, tuple)):
        return type(value)(map(_without_sets, value))
    return {key: _without_sets(child) for key, child in value.items()} if isinstance(value, dict) else value


@given(json_values)
def test_json_values_are_the_same_objects(value: Any) -> None:
    """Encoding and decoding neither copy nor change plain JSON."""
    if _marks_in(value):
        return
    assert encode(value) is value
    assert decode(value) is value


def _marks_in(value: Any) -> bool:
    if isinstance(value, dict):
        return any(key.startswith("__") for key in value) or any(map(_marks_in, value.values()))
    return isinstance(value, list) and any(map(_marks_in, value))


@given(int64)
def test_unaffected_parts_are_not_copied(number: int) -> None:
    """Only the lists and dicts around encoded or decoded values are new objects."""
    rows = [{"n": number}]
    encoded = encode({"rows": rows, "at": (number,)})
    assert encoded["rows"] is rows
    decoded = decode(encoded)
    assert decoded["rows"] is rows
    assert decoded["at"] == (number,)


marks = st.sampled_from(["__classname__", "__version__", "__data__", "__type", "__var", "timestamp", "tz", "a"])
names = st.sampled_from(
    [form_["__classname__"] for _, form_ in GOLDEN if isinstance(form_, dict) and "__data__" in form_]
)
forms = nested(
    st.none() | st.booleans() | int64 | st.floats() | any_text | names | st.integers(0, 3) | st.just("dict"), keys=marks
)
near_forms = st.recursive(
    forms,
    lambda inner: (
        st.builds(form, names, st.integers(0, 2), inner | forms)
        | st.builds(old, st.sampled_from(["dict", "tuple", "set", "datetime", "timedelta", "timezone"]), inner)
        | st.lists(inner, max_size=3)
    ),
    max_leaves=8,
)


@given(near_forms | json_values)
@settings(max_examples=300)
def test_decoding_raises_nothing_and_changes_nothing(value: Any) -> None:
    """Any JSON is decoded without an error, and does not change."""
    before = copy.deepcopy(value)
    decode(value)
    assert repr(value) == repr(before)


def test_very_deep_values() -> None:
    """A value of any depth is decoded without an error; forms below 250 levels are not decoded."""
    value: Any = a_tuple(1)
    for _ in range(50_000):
        value = [value]
    assert decode(value) is value
    shallow: Any = a_tuple(1)
    for _ in range(200):
        shallow = [shallow]
    decoded = decode(shallow)
    for _ in range(200):
        decoded = decoded[0]
    assert decoded == (1,)


@given(odd_values)
def test_any_value_is_encoded_or_an_error(value: Any) -> None:
    """Any object becomes JSON, or is an error with a path, even if its methods raise."""
    try:
        encoded = encode(value)
    except ValueNotSerializableError as refusal:
        path, message = refusal.path, str(refusal)
    else:
        check_jsonable(encoded)
        return
    assert path.startswith("$")
    assert message.startswith(f"the value at {path} is ")


@pytest.mark.parametrize(
    ("element", "what", "cure"),
    [
        (bytearray(b"secret"), "of type bytearray", "decode it"),
        (dt.time(1), "of type datetime.time", "use .isoformat()"),
        (object(), "of type object", "convert it"),
        (Oddity(), "Oddity", "convert it"),
        (float("nan"), "the float nan", "use None"),
        (2**64, "an integer of more than 64 bits", "use str(...)"),
        ("\ud800", "a str with a lone surrogate", "remove it"),
        ({"\ud800": 1}, "a str with a lone surrogate", "remove it"),
        ({1: 2}, "under a key of type int", "use str(...)"),
        ({"__classname__": "x"}, "a dict with keys that mark encoded values", "rename them"),
        ({"__id__": "x"}, "a dict with keys that mark encoded values", "rename them"),
        ({"__type": "x", "__var": 1}, "a dict with keys that mark encoded values", "rename them"),
        (dt.timedelta.max, "a timedelta that no float equals", "use str(...)"),
        (dt.timedelta(10**8, 0, 1), "a timedelta that no float equals", "use str(...)"),
        (
            dt.datetime(9999, 1, 1, 0, 0, 0, 1, dt.timezone.utc),
            "a datetime that no timestamp equals",
            "use .isoformat()",
        ),
        (dt.datetime(1, 1, 1), "a datetime that no timestamp equals", "use .isoformat()"),  # noqa: DTZ001
        (dt.datetime(1, 1, 1, tzinfo=offset(3600)), "a datetime that no timestamp equals", "use .isoformat()"),
        (offset(0.5), "a time zone whose offset is not in whole seconds", "round the offset"),
        (Lunar(), "of type", "convert it"),
        (dt.datetime(2026, 1, 1, tzinfo=Lunar()), "a datetime with a time zone of type", "use zoneinfo.ZoneInfo"),
    ],
)
def test_values_without_a_form(element: object, what: str, cure: str) -> None:
    """The error gives the path, the type and a cure, and does not show the value."""
    with pytest.raises(ValueNotSerializableError) as caught:
        encode({"ok": (1,), "rows": [0, ({"when": element},)]})
    assert caught.value.path.startswith("$.rows[1][0].when")
    assert f"the value at {caught.value.path} is " in str(caught.value)
    assert what in str(caught.value)
    assert cure in str(caught.value)
    assert "secret" not in str(caught.value)


def test_time_zone_without_a_name() -> None:
    """A time zone from a file has no name for another process."""
    for directory in zoneinfo.TZPATH:
        path = Path(directory, "Europe", "Berlin")
        if path.exists():
            with path.open("rb") as file:
                nameless = zoneinfo.ZoneInfo.from_file(file)
            with pytest.raises(ValueNotSerializableError, match="a time zone without a name"):
                encode(nameless)
            return
    pytest.skip("no files of time zones")


def test_skipped_local_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A naive time that the clocks skip would arrive as another time."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    with pytest.raises(ValueNotSerializableError, match="a datetime that no timestamp equals"):
        encode(dt.datetime(2026, 3, 29, 2, 30))  # noqa: DTZ001
    assert encode(dt.datetime(2026, 3, 29, 3, 30)) == instant(1774747800.0, None)  # noqa: DTZ001


@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: (value,), lambda value: {"a": value}])
def test_too_deep_values(wrap: Any) -> None:
    """An encoded value is never too deep for JSON, and a cyclic value is an error."""
    value: Any = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
    for _ in range(MAX_DEPTH // 2 - 2):
        value = wrap(value)
    check_jsonable(encode(value))
    for _ in range(MAX_DEPTH):
        value = wrap(value)
    with pytest.raises(ValueNotSerializableError, match=f"nested more than {MAX_DEPTH} levels deep"):
        encode(value)


def test_plain_json_imports_nothing() -> None:
    """Encoding and decoding JSON values import no module for the other values."""
    code = (
        "import sys\n"
        "from dagfloe.values.serde import decode, encode\n"
        "slow = ('datetime', 'decimal', 'uuid', 'zoneinfo')\n"
        "for name in slow: sys.modules.pop(name, None)\n"
        "decode(encode({'a': [1, 'x', None, (1, 2), {3}]}))\n"
        "print([name for name in slow if name in sys.modules])\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert ran.stdout.split("\n")[0] == "[]"
