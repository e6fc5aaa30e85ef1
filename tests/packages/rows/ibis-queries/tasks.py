"""ibis on DuckDB, and its SQL for other engines."""

import ibis

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("ibis")


@dag.task
def work() -> list:
    table = ibis.memtable({"name": ["a", "b", "a"], "amount": [1, 2, 3]})
    total = table.group_by("name").aggregate(total=table.amount.sum()).order_by("name")
    schema = ibis.table({"name": "string", "at": "timestamp"}, name="events")
    query = schema.group_by(schema.at.truncate("D").name("day")).aggregate(n=schema.count())
    engines = ["bigquery", "snowflake", "postgres", "clickhouse", "mssql"]
    return [total.to_pyarrow().to_pylist(), {name: str(ibis.to_sql(query, dialect=name)) for name in engines}]
