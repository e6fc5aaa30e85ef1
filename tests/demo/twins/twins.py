"""The functions as tasks of a bundle."""

from __future__ import annotations

from functions import PARAMS, PLAIN_PARAMS, read_params

from dagfloe import Bundle, Context, Param

bundle = Bundle()
with_params = bundle.dag(
    "with_params",
    params={**PLAIN_PARAMS, **{name: Param(*default, **schema) for name, (default, schema) in PARAMS.items()}},
)


@with_params.task
def work(context: Context) -> dict[str, object]:
    return read_params(context.params)
