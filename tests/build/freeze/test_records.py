"""What the RECORD of a distribution in a program lists."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

from dagfloe.build.freeze.analysis import ANALYSIS_FILE
from dagfloe.build.freeze.records import add_records

if TYPE_CHECKING:
    from pathlib import Path

ROWS = """shop/__init__.py,sha256=a,1
shop/orders.py,sha256=b,2
shop/unused.py,sha256=c,3
shop/rows.csv,sha256=d,4
"shop/a,b.csv",sha256=e,5
shop/_fast.cpython-311-x86_64-linux-gnu.so,sha256=f,6
../../../etc/shop/shop.ini,sha256=g,7
../../../bin/shop,sha256=h,8
shop-1.dist-info/METADATA,sha256=i,9
shop-1.dist-info/RECORD,,
"""
NATIVE = "shop/_fast.cpython-311-x86_64-linux-gnu.so"


def test_records(tmp_path: Path) -> None:
    """Files are listed with their digests, compiled and frozen modules without, and what is left out is not listed."""
    info = tmp_path / "site-packages" / "shop-1.dist-info"
    info.mkdir(parents=True)
    (info / "RECORD").write_text(ROWS)
    (info / "METADATA").touch()
    names = ["shop/rows.csv", "shop/a,b.csv", "etc/shop/shop.ini", "shop-1.dist-info/METADATA", "other.txt"]
    lists = {
        "pure": [[name, "", "PYMODULE"] for name in ("shop", "shop.orders")],
        "binaries": [[NATIVE, "", "EXTENSION"]],
        "datas": [[name, str(tmp_path / "site-packages" / name), "DATA"] for name in names],
    }
    (tmp_path / ANALYSIS_FILE).write_text(json.dumps(lists))
    add_records(tmp_path)
    added = json.loads((tmp_path / ANALYSIS_FILE).read_text())["datas"][len(names) :]
    assert [(name, kind) for name, _, kind in added] == [("shop-1.dist-info/RECORD", "DATA")]
    with open(added[0][1], encoding="utf-8", newline="") as file:  # noqa: PTH123 - a str
        assert [*csv.reader(file)] == [
            ["shop/__init__.py", "", ""],
            ["shop/orders.py", "", ""],
            ["shop/rows.csv", "sha256=d", "4"],
            ["shop/a,b.csv", "sha256=e", "5"],
            [NATIVE, "", ""],
            ["etc/shop/shop.ini", "sha256=g", "7"],
            ["shop-1.dist-info/METADATA", "sha256=i", "9"],
            ["shop-1.dist-info/RECORD", "", ""],
        ]


def test_distribution_without_a_record(tmp_path: Path) -> None:
    """Some installers write none."""
    info = tmp_path / "shop-1.dist-info"
    info.mkdir()
    (info / "METADATA").touch()
    lists = {"pure": [], "binaries": [], "datas": [["shop-1.dist-info/METADATA", str(info / "METADATA"), "DATA"]]}
    (tmp_path / ANALYSIS_FILE).write_text(json.dumps(lists))
    add_records(tmp_path)
    assert json.loads((tmp_path / ANALYSIS_FILE).read_text()) == lists
