"""Both drivers for PostgreSQL, alone and below SQLAlchemy."""

from dagfloe import Bundle, Client

bundle = Bundle()
dag = bundle.dag("postgres")


def use_sqlalchemy(client: Client, driver: str) -> dict:
    from sqlalchemy import create_engine, func, select
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

    class Base(DeclarativeBase):
        """The tables."""

    class Fish(Base):
        """One catch."""

        __tablename__ = f"fish_{driver}"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        weight: Mapped[float]

    host, port = client.get_variable("postgres_host"), client.get_variable("postgres_port")
    engine = create_engine(f"postgresql+{driver}://author@{host}:{port}/postgres")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Fish(name="Aal", weight=1.5), Fish(name="Lachs", weight=4.25)])
        session.commit()
        total = session.scalar(select(func.sum(Fish.weight)))
        names = list(session.scalars(select(Fish.name).order_by(Fish.name)))
    Base.metadata.drop_all(engine)
    return {"dialect": engine.dialect.driver, "total": total, "names": names}


@dag.task
def sqlalchemy_psycopg(client: Client) -> dict:
    return use_sqlalchemy(client, "psycopg")


@dag.task
def sqlalchemy_psycopg2(client: Client) -> dict:
    return use_sqlalchemy(client, "psycopg2")


@dag.task
def use_psycopg(client: Client) -> dict:
    import psycopg

    host, port = client.get_variable("postgres_host"), client.get_variable("postgres_port")
    with psycopg.connect(f"host={host} port={port} user=author dbname=postgres") as connection:
        connection.execute("CREATE TEMP TABLE rows (id int, body jsonb)")
        with connection.cursor().copy("COPY rows FROM STDIN") as copy:
            for number in range(3):
                copy.write_row((number, psycopg.types.json.Jsonb({"square": number**2})))
        bodies = connection.execute("SELECT body FROM rows ORDER BY id").fetchall()
    return {"implementation": psycopg.pq.__impl__, "bodies": [body for (body,) in bodies]}


@dag.task
def use_psycopg2(client: Client) -> list:
    import psycopg2
    from psycopg2.extras import execute_values

    host, port = client.get_variable("postgres_host"), client.get_variable("postgres_port")
    with psycopg2.connect(host=host, port=port, user="author", dbname="postgres") as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TEMP TABLE rows (id int, parts text[])")
        execute_values(cursor, "INSERT INTO rows VALUES %s", [(1, ["a", "b"]), (2, [])])
        cursor.execute("SELECT parts FROM rows ORDER BY id")
        return [parts for (parts,) in cursor.fetchall()]
