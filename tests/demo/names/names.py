"""The functions as tasks of a bundle."""

from __future__ import annotations

import functions

from dagfloe import Asset, Bundle

bundle = Bundle()
for function in functions.PLAIN:
    bundle.dag(function.__name__, params={"limit": 5}).task(function, task_id="work")
bundle.dag("outlet").task(functions.outlet, task_id="work", outlets=[Asset("report")])
bundle.dag("inlet").task(functions.inlet, task_id="work", inlets=[Asset("orders")])
with_arguments = bundle.dag("adds")
adds = with_arguments.task(functions.adds, task_id="work")
with with_arguments:
    adds(1, b=[3])
