"""pint: its table of units, and a context."""

import pint

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("pint")


@dag.task
def work() -> list:
    units = pint.UnitRegistry()
    return [
        f"{(3 * units.mile).to('km'):.3f}",
        f"{units.Quantity(25, 'degC').to('kelvin'):~P}",
        f"{(500 * units.nm).to('THz', 'spectroscopy'):.1f}",
        units.Quantity("1 acre").check("[length]**2"),
    ]
