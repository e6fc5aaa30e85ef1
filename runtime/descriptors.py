"""Moves file descriptors to high numbers, where the author's code does not close them by mistake.

Programs close the descriptors that they do not know, such as with `os.closerange(3, 51)`: all of low numbers.
"""

from __future__ import annotations

import os

#: Higher numbers do not fit into the sets of `select.select`.
_LIMIT = 1024
#: How many numbers below the limit this module uses.
_PLACES = 24


def move_up(descriptor: int) -> int:
    """Move a descriptor to a high number, if one is free. Call it before the author's code runs.

    Args:
        descriptor: the descriptor; it is closed.

    Returns:
        The new number; the same one if none is free, or the limit on open files is low.
    """
    limit = min(os.sysconf("SC_OPEN_MAX"), _LIMIT)
    for number in range(max(limit - _PLACES, descriptor + 1), limit):
        try:
            os.fstat(number)
        except OSError:  # it is free
            os.dup2(descriptor, number, inheritable=False)
            os.close(descriptor)
            return number
    return descriptor
