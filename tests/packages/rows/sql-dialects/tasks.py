"""sqlglot: every dialect that it has, by name, and a transpilation."""

import sqlglot
from sqlglot.dialects.dialect import Dialects
from sqlglot.optimizer import optimize

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("sqlglot")


@dag.task
def work() -> list:
    query = "SELECT DATE_TRUNC('day', at) AS d, COUNT(*) FROM t WHERE x ILIKE 'a%' GROUP BY 1"
    names = sorted(dialect.value for dialect in Dialects if dialect.value)
    written = {name: sqlglot.transpile(query, read="postgres", write=name)[0] for name in names}
    optimized = optimize("SELECT a FROM (SELECT a, b FROM t)", schema={"t": {"a": "int", "b": "int"}}).sql()
    return [len(written), written, optimized]
