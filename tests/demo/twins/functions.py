"""Functions and declarations that a bundle and an ordinary Dag file of Airflow share."""

from __future__ import annotations

#: The params of the Dag `with_params`: the default and the schema of each. Without a default, a run must have a value.
PARAMS = {
    "limit": ([5], {"type": "integer", "minimum": 1}),
    "mode": (["fast"], {"enum": ["fast", "slow", None]}),
    "day": ([], {"type": "string", "format": "date"}),
    "tags": ([["a"]], {"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
}
#: Values without a schema.
PLAIN_PARAMS = {"table": "orders", "filter": {"a": 1}}


def read_params(params):
    return dict(params)
