"""Delta Lake: two versions of a table, and time travel."""

import tempfile

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("deltalake")


@dag.task
def work() -> list:
    path = tempfile.mkdtemp()
    write_deltalake(path, pa.table({"id": [1, 2], "name": ["a", "b"]}), partition_by=["name"])
    write_deltalake(path, pa.table({"id": [3], "name": ["a"]}), mode="append")
    table = DeltaTable(path)
    deleted = table.delete("id = 2")["num_deleted_rows"]
    now = sorted(table.to_pyarrow_table()["id"].to_pylist())
    first = sorted(DeltaTable(path, version=0).to_pyarrow_table()["id"].to_pylist())
    return [table.version(), deleted, now, first, table.metadata().partition_columns]
