"""pandas 3 with the distributions that it imports by name: the task's module names none of them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("pandas_3")


def frame():
    import pandas

    return pandas.DataFrame(
        {
            "fish": ["Aal", "Hecht", "Aal"],
            "weight": [1.5, 4.0, 2.25],
            "caught": pandas.to_datetime(["2026-03-01", "2026-03-02", "2026-03-03"]),
        }
    )


@dag.task
def groups() -> list:
    import pandas

    sums = frame().groupby("fish")["weight"].agg(["sum", "count"]).reset_index()
    local = frame()["caught"].dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")
    weeks = frame().set_index("caught")["weight"].resample("W").sum()
    return [
        pandas.__version__.split(".")[0],
        sums.to_dict("records"),
        local.iloc[0].isoformat(),
        weeks.tolist(),
        str(frame()["fish"].dtype),
    ]


@dag.task
def excel() -> dict:
    import pandas

    seen = {}
    with tempfile.TemporaryDirectory() as folder:
        for engine in ("openpyxl", "xlsxwriter"):
            path = Path(folder, f"{engine}.xlsx")
            frame().to_excel(path, engine=engine, index=False, sheet_name="catch")
            seen[engine] = pandas.read_excel(path, sheet_name="catch").to_dict("list")["weight"]
    return seen


@dag.task
def parquet() -> dict:
    import pandas

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "catch.parquet")
        frame().to_parquet(path, engine="pyarrow")
        back = pandas.read_parquet(path, engine="pyarrow")
        return {"equal": bool((back == frame()).all(axis=None)), "names": list(back.columns)}


@dag.task
def markdown() -> str:
    return frame().to_markdown(index=False)


@dag.task
def sql() -> list:
    import pandas
    from sqlalchemy import create_engine

    with create_engine("sqlite://").connect() as connection:
        frame().to_sql("catch", connection, index=False)
        return pandas.read_sql(
            "SELECT fish, SUM(weight) AS total FROM catch GROUP BY fish ORDER BY fish", connection
        ).to_dict("records")


@dag.task
def html() -> list:
    import pandas

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "catch.html")
        frame().to_html(path, index=False)
        return pandas.read_html(path)[0]["fish"].tolist()


@dag.task
def xml() -> list:
    import io

    import pandas

    return pandas.read_xml(io.StringIO(frame().to_xml(index=False)))["weight"].tolist()
