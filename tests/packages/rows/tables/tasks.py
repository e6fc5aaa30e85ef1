"""Tables in columns, without pandas."""

from __future__ import annotations

import tempfile
from pathlib import Path

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("tables")


@dag.task
def use_polars() -> dict:
    import polars

    frame = polars.DataFrame({"fish": ["Aal", "Hecht", "Aal"], "weight": [1.5, 4.0, 2.25]})
    sums = frame.lazy().group_by("fish").agg(polars.col("weight").sum()).sort("fish").collect()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "catch.parquet")
        frame.write_parquet(path)
        heavy = polars.scan_parquet(path).filter(polars.col("weight") > 2).collect()
    moment = polars.Series(["2026-07-01 12:00"]).str.to_datetime(time_zone="UTC").dt.convert_time_zone("Europe/Berlin")
    return {
        "sums": sums.to_dicts(),
        "heavy": heavy["fish"].to_list(),
        "sql": polars.SQLContext(catch=frame).execute("SELECT MAX(weight) AS w FROM catch", eager=True).item(),
        "moment": moment[0].isoformat(),
        "shown": str(sums),
    }


@dag.task
def use_duckdb() -> list:
    import duckdb
    import pyarrow

    prices = pyarrow.table({"fish": ["Aal", "Hecht"], "price": [20, 15]})
    assert prices.num_rows == 2
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "catch.parquet")
        connection = duckdb.connect()
        connection.execute(
            f"COPY (SELECT * FROM (VALUES ('Aal', 1.5), ('Hecht', 4)) t(fish, weight)) TO '{path}' (FORMAT parquet)"
        )
        joined = connection.sql(
            f"SELECT fish, (price * weight)::INT AS total FROM '{path}' JOIN prices USING (fish) ORDER BY fish"
        )
        rows = joined.fetchall()
        connection.execute("SET TimeZone = 'Europe/Berlin'")
        moment = connection.execute(
            "SELECT TIMESTAMPTZ '2026-07-01 12:00:00+00'::VARCHAR, '{\"a\": [1, 2]}'::JSON -> '$.a[1]'"
        ).fetchone()
    return [*map(list, rows), list(moment)]


@dag.task
def use_pyarrow() -> dict:
    import pyarrow
    import pyarrow.compute
    import pyarrow.csv
    import pyarrow.dataset

    table = pyarrow.table({"fish": ["Aal", "Hecht", "Aal"], "weight": [1.5, 4.0, 2.25]})
    with tempfile.TemporaryDirectory() as folder:
        pyarrow.dataset.write_dataset(
            table, folder, format="parquet", partitioning=["fish"], partitioning_flavor="hive"
        )
        parts = pyarrow.dataset.dataset(folder, partitioning="hive")
        heavy = parts.to_table(filter=pyarrow.compute.field("weight") > 2).sort_by("weight")
        path = Path(folder, "catch.csv")
        pyarrow.csv.write_csv(table, path)
        read = pyarrow.csv.read_csv(path)
    moment = pyarrow.compute.assume_timezone(pyarrow.array([0], pyarrow.timestamp("s")), "Europe/Berlin")
    return {
        "heavy": heavy.to_pylist(),
        "equal": read.equals(table),
        "moment": str(moment[0]),
        "mean": pyarrow.compute.mean(table["weight"]).as_py(),
    }
