"""The driver for Oracle in its thin mode. There is no free server, so the task uses what works without one."""

from __future__ import annotations

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("oracle")


@dag.task
def use_oracledb() -> list:
    import oracledb

    params = oracledb.ConnectParams()
    params.parse_connect_string("tcps://db.example:2484/shop?retry_count=3")
    seen = [params.host, params.port, params.service_name, params.retry_count, oracledb.is_thin_mode()]
    try:
        oracledb.connect(user="author", password="fish", dsn="127.0.0.1:1/shop")
    except oracledb.OperationalError as error:
        seen += [error.args[0].full_code, "DPY-6005" in str(error)]
    return seen


@dag.task
def oracledb_sqlalchemy() -> list:
    from sqlalchemy import create_engine, exc

    engine = create_engine("oracle+oracledb://author:fish@127.0.0.1:1/?service_name=shop")
    try:
        engine.connect()
    except exc.OperationalError as error:
        return [engine.dialect.driver, error.orig.args[0].full_code]
    return []
