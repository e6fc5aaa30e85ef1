"""dlt: a pipeline of nested rows into DuckDB."""

import os
import tempfile

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("dlt")


@dag.task
def work() -> list:
    folder = tempfile.mkdtemp()
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    import dlt

    rows = [{"id": 1, "tags": [{"t": "a"}, {"t": "b"}]}, {"id": 2, "tags": [{"t": "c"}]}]
    pipeline = dlt.pipeline(
        "shop", destination=dlt.destinations.duckdb(f"{folder}/shop.duckdb"), dataset_name="raw", pipelines_dir=folder
    )
    info = pipeline.run(rows, table_name="orders")
    info.raise_on_failed_jobs()
    with pipeline.sql_client() as client:
        return [
            client.execute_sql("select id from orders order by id"),
            client.execute_sql("select t from orders__tags order by t"),
            info.destination_type,
        ]
