"""Functions that connect several tasks: `chain`, `chain_linear` and `cross_downstream`, as in Airflow."""

from __future__ import annotations

from itertools import pairwise

from dagfloe.authoring.graph import Linked, list_linked
from dagfloe.errors import RegistrationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Element = Linked | Sequence[Linked]


def chain(*elements: Element) -> None:
    """Let each element run after the one before it.

    `chain(a, [b, c], d)` is `a >> [b, c] >> d`. Two lists side by side are connected item by item.

    Args:
        elements: tasks, results of calls in a `with dag:` block, task groups, and lists of them.

    Raises:
        RegistrationError: if two lists side by side have different lengths, or the elements cannot be connected.
    """
    for upstream, downstream in pairwise(elements):
        upstream_items, downstream_items = list_linked(upstream), list_linked(downstream)
        if isinstance(upstream, Linked) or isinstance(downstream, Linked):
            _cross(upstream_items, downstream_items)
        elif len(upstream_items) == len(downstream_items):
            for first, second in zip(upstream_items, downstream_items, strict=True):
                first >> second
        else:
            raise RegistrationError(
                f"chain() got a list of {len(upstream_items)} before a list of {len(downstream_items)}: use lists of "
                "one length, or chain_linear() or cross_downstream() to connect every item of one list to every item "
                "of the other"
            )


def chain_linear(*elements: Element) -> None:
    """Let each element run after the one before it, and every item of a list after every item of the list before it.

    Args:
        elements: as for `chain`.

    Raises:
        RegistrationError: if the elements cannot be connected.
    """
    for upstream, downstream in pairwise(elements):
        _cross(list_linked(upstream), list_linked(downstream))


def cross_downstream(from_tasks: Sequence[Linked], to_tasks: Element) -> None:
    """Let every task of one list run before every task of another.

    Args:
        from_tasks: the tasks that run first.
        to_tasks: the tasks that run after all of them.

    Raises:
        RegistrationError: if they cannot be connected.
    """
    chain_linear(from_tasks, to_tasks)


def _cross(upstream: Sequence[Linked], downstream: Sequence[Linked]) -> None:
    for first in upstream:
        first >> list(downstream)
