"""Serializes values as ordinary tasks of Airflow do. The Python of an Airflow environment runs this module.

Each line of stdin is a JSON list of a pickled value in base64, and of the same value as a bundle encoded it. The answer
is a JSON list: the first value in Airflow's form, or null if Airflow cannot serialize it; and the second value as an
ordinary task reads it, or null if it equals the first one.
"""

from __future__ import annotations

import base64
import json
import os
import pickle
import sys
from pathlib import Path

OUT = os.fdopen(os.dup(1), "w")  # libraries print to stderr, so that stdout has only answers
os.dup2(2, 1)

sys.path.insert(0, str(Path(__file__).parents[1] / "demo" / "values"))

from airflow.sdk.serde import deserialize, serialize
from random_values import same


def main() -> None:
    """Answer requests until stdin ends."""
    for line in sys.stdin:
        pickled, encoded = json.loads(line)
        value = pickle.loads(base64.b64decode(pickled))
        try:
            form = serialize(value)
        except (TypeError, AttributeError):
            form = None
        read = deserialize(encoded)
        OUT.write(json.dumps([form, None if same(value, read) else repr(read)]) + "\n")
        OUT.flush()


if __name__ == "__main__":
    main()
