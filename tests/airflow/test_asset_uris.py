"""The URIs of assets are those that Airflow makes of them."""

from __future__ import annotations

import json
import os
import subprocess
from itertools import product

from dagfloe import Asset
from dagfloe.errors import RegistrationError

URIS = [
    *("orders", "a/b/", "//host/x/", "s3://shop", "s3://shop/", "S3://Shop/Orders//", "s3://shop/a b/ä", "gs://a/b/c"),
    *("https://ann:secret@shop/x?b=2&a=1&c=#part", "https://ann@shop", "http://shop:80/?", "http://shop?x", "http:/x"),
    *(
        "file:///data/",
        "file:///data/x",
        "mailto:ann",
        "x-own://a/?b#c",
        "X-own://a/",
        "urn:a:b/",
        "a:",
        "a://",
        "C:/x/",
    ),
]
URIS += [scheme + "".join(rest) for scheme in ("s3:", "s3://", "") for rest in product("a/?#@:[", repeat=4)]
CODE = """
import json, sys, warnings
warnings.simplefilter("ignore")
from airflow.sdk import Asset

def normalize(uri):
    try:
        return Asset("a", uri).uri
    except ValueError:
        return None

print(json.dumps([normalize(uri) for uri in json.load(sys.stdin)]))
"""


def normalize(uri: str) -> str | None:
    """The URI of an asset; None if it is refused."""
    try:
        return Asset("a", uri).uri
    except RegistrationError:
        return None


def test_uris() -> None:
    """Airflow's own class makes the same of every URI."""
    answer = subprocess.run(
        [os.environ["DAGFLOE_AIRFLOW_PYTHON"], "-c", CODE],
        input=json.dumps(URIS),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert dict(zip(URIS, json.loads(answer.stdout.splitlines()[-1]), strict=True)) == {
        uri: normalize(uri) for uri in URIS
    }
