"""The formats of JSON Schema that an Airflow without additional packages checks."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBER = r"\d+(?:[.,]\d+)?"
_DURATION = (
    rf"[+-]?P(?!$)(?:{_NUMBER}W|(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}D)?"
    rf"(?:T(?!$)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?)"
)
_LABEL = r"(?!-)[\w-]{1,63}(?<!-)"


def is_format(value: str, name: str) -> bool:
    """Whether a string has a format; True for unknown formats."""
    test = _FORMATS.get(name)
    try:
        return test is None or bool(test(value))
    except (ValueError, re.error):
        return False


def _is_date(value: str) -> bool:
    from datetime import date  # noqa: PLC0415 - for this format only

    return re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is not None and bool(date.fromisoformat(value))


def _is_time(value: str) -> bool:
    from datetime import datetime  # noqa: PLC0415 - for this format only

    return bool(datetime.strptime(value, "%H:%M:%S"))  # noqa: DTZ007 - only its form counts


def _is_ipv4(value: str) -> bool:
    from ipaddress import IPv4Address  # noqa: PLC0415 - for this format only

    return bool(str(IPv4Address(value)))


def _is_ipv6(value: str) -> bool:
    from ipaddress import IPv6Address  # noqa: PLC0415 - for this format only

    return "%" not in str(IPv6Address(value))


def _is_uuid(value: str) -> bool:
    from uuid import UUID  # noqa: PLC0415 - for this format only

    return bool(str(UUID(value))) and all(value[place] == "-" for place in (8, 13, 18, 23))


def _is_hostname(value: str) -> bool:
    return all(re.fullmatch(_LABEL, label) for label in value.removesuffix(".").split("."))


_FORMATS: dict[str, Callable[[str], object]] = {
    "date": _is_date,
    "duration": lambda value: re.fullmatch(_DURATION, value),
    "email": lambda value: "@" in value,
    "idn-email": lambda value: "@" in value,
    "idn-hostname": _is_hostname,
    "ipv4": _is_ipv4,
    "ipv6": _is_ipv6,
    "regex": re.compile,
    "time": _is_time,
    "uuid": _is_uuid,
}
