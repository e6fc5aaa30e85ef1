"""PySpark with a local master: SQL, a Python function in worker processes, and pandas by Arrow."""

import os
import sys
import tempfile

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("pyspark")


@dag.task
def work() -> list:
    from pyspark.sql import SparkSession
    from pyspark.sql.functions import udf

    folder = tempfile.mkdtemp()
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.warehouse.dir", folder)
        .config("spark.sql.execution.arrow.pyspark.enabled", "true")
        .getOrCreate()
    )
    try:
        frame = spark.createDataFrame([("a", 1), ("b", 2), ("a", 3)], ["name", "x"])
        sums = [tuple(row) for row in frame.groupBy("name").sum("x").orderBy("name").collect()]
        twice = udf(lambda value: value * 2, "int")
        doubled = [row[0] for row in frame.select(twice("x")).collect()]
        mapped = sorted(spark.sparkContext.parallelize(range(4), 2).map(lambda n: n * n).collect())
        shape = list(frame.toPandas().shape)
        return [sums, doubled, mapped, shape]
    finally:
        spark.stop()
