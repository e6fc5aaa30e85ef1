"""PyIceberg: a table in a SQLite catalog, read with a filter."""

import tempfile

import pyarrow as pa
from pyiceberg.catalog import load_catalog

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("pyiceberg")


@dag.task
def work() -> list:
    folder = tempfile.mkdtemp()
    catalog = load_catalog("desk", type="sql", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}")
    catalog.create_namespace("shop")
    rows = pa.table({"id": [1, 2, 3], "name": ["a", "b", "c"]})
    table = catalog.create_table("shop.orders", schema=rows.schema)
    table.append(rows)
    table.append(pa.table({"id": [4], "name": ["d"]}))
    found = table.scan(row_filter="id >= 3", selected_fields=("name",)).to_arrow()
    return [sorted(found["name"].to_pylist()), len(table.history()), catalog.list_tables("shop")]
