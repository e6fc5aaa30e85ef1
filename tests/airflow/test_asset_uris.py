"""The URIs of assets are those that Airflow makes of them."""

from __future__ import annotations

import json
import os
import subprocess

from dagfloe import Asset

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
CODE = """
import json, sys, warnings
warnings.simplefilter("ignore")
from airflow.sdk import Asset
print(json.dumps([Asset("a", uri).uri for uri in json.loads(sys.argv[1])]))
"""


def test_uris() -> None:
    """Airflow's own class makes the same of every URI."""
    answer = subprocess.run(
        [os.environ["DAGFLOE_AIRFLOW_PYTHON"], "-c", CODE, json.dumps(URIS)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert dict(zip(URIS, json.loads(answer.stdout.splitlines()[-1]), strict=True)) == {
        uri: Asset("a", uri).uri for uri in URIS
    }
