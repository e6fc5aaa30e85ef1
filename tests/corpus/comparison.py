"""Compares what two runs left: the one of a Dag file, and the one of the Dag file that `dagfloe adopt` made of it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from corpus.lines import author_lines, differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from corpus.observation import Instance, Observation

#: Airflow's form of UTC, with one of its two classes.
_UTC_CLASSES = ("pendulum.tz.timezone.FixedTimezone", "pendulum.tz.timezone.Timezone")
_UTC = ["UTC", _UTC_CLASSES[0], 1, True]


def compare(
    original: Observation, adopted: Observation, varies: Mapping[str, str] | None = None, alike: str = ""
) -> Iterator[str]:
    """Yield what differs, one sentence each.

    Args:
        original: what the run of the original Dag left.
        adopted: what the run of the adopted Dag left.
        varies: a pattern for the lines that are not compared, by task_id.
        alike: a pattern for the parts of task_ids of which a task chooses one at random.
    """
    if alike:
        original, adopted = (_anonymous(observation, alike) for observation in (original, adopted))
    if original.state != adopted.state:
        yield f"the run is {original.state}, adopted {adopted.state}"
    originals = {instance.name: instance for instance in original.instances}
    others = {instance.name: instance for instance in adopted.instances}
    for name in sorted(originals.keys() | others.keys()):
        before, after = originals.get(name), others.get(name)
        if before is None or after is None:
            yield f"{name} is only in the {'adopted' if before is None else 'original'} Dag"
        else:
            pattern = (varies or {}).get(before.task_id, "")
            yield from (f"{name}: {difference}" for difference in _differences(before, after, pattern))


def _differences(before: Instance, after: Instance, varies: str) -> Iterator[str]:
    if (before.state, before.tries) != (after.state, after.tries):
        yield f"{before.state} at try {before.tries}, adopted {after.state} at try {after.tries}"
    for key in sorted(before.xcoms.keys() | after.xcoms.keys()):
        if key not in after.xcoms:
            yield f"the XCom {key} is missing when adopted"
        elif key not in before.xcoms:
            yield f"the XCom {key} is there only when adopted"
        elif not _equal(before.xcoms[key], after.xcoms[key]):
            yield f"the XCom {key} is {before.xcoms[key]!r}, adopted {after.xcoms[key]!r}"
    if not _equal(before.events, after.events):
        yield f"the asset events are {before.events}, adopted {after.events}"
    for number, (records, others) in enumerate(zip(before.logs, after.logs, strict=False), start=1):
        lines, other_lines = (author_lines(each).without(varies) for each in (records, others))
        for difference in differences(lines, other_lines):
            yield f"try {number}: {difference}"


def _anonymous(observation: Observation, alike: str) -> Observation:
    """Number the tasks that are alike, those that ran first, and give all of them one name in XComs."""

    def rename(value: Any) -> Any:
        if isinstance(value, str):
            return re.sub(alike, "_any", value)
        if isinstance(value, list):
            return [rename(item) for item in value]
        return {key: rename(item) for key, item in value.items()} if isinstance(value, dict) else value

    renamed = [
        replace(instance, task_id=rename(instance.task_id), xcoms=rename(instance.xcoms))
        for instance in sorted(observation.instances, key=lambda instance: (instance.state, instance.name))
    ]
    names: Counter[str] = Counter()
    instances = []
    for instance in renamed:
        names[instance.task_id] += 1
        instances.append(replace(instance, task_id=f"{instance.task_id}.{names[instance.task_id]}"))
    return replace(observation, instances=instances)


def _equal(one: object, other: object) -> bool:
    """Whether JSON values are equal. For Python, 1, 1.0 and True are; for a task that reads them, they are not.

    Airflow has two forms of UTC: that of pendulum's times, and that of all other times. They are the same time zone.
    """
    if isinstance(one, list) and isinstance(other, list) and one[1:2] != other[1:2] and _is_utc(one) and _is_utc(other):
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return one == other


def _is_utc(value: list[Any]) -> bool:
    return len(value) == len(_UTC) and [value[0], *value[2:]] == [_UTC[0], *_UTC[2:]] and value[1] in _UTC_CLASSES
