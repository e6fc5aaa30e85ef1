"""pandera: a schema that coerces a column, and the failures of a wrong frame."""

import pandas as pd
import pandera.pandas as pa

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("pandera")


@dag.task
def work() -> list:
    schema = pa.DataFrameSchema(
        {"id": pa.Column(int, pa.Check.gt(0), coerce=True), "name": pa.Column(str, pa.Check.isin(["a", "b"]))}
    )
    good = schema.validate(pd.DataFrame({"id": ["1", "2"], "name": ["a", "b"]}))
    try:
        schema.validate(pd.DataFrame({"id": [0, 2], "name": ["a", "c"]}), lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        failures = sorted(zip(cases["column"], cases["check"], map(str, cases["failure_case"]), strict=True))
    return [str(good["id"].dtype), good["id"].sum().item(), failures]
