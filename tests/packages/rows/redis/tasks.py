"""The client of Redis, with and without asyncio."""

from __future__ import annotations

from dagfloe import Bundle, Client

bundle = Bundle()
dag = bundle.dag("redis")


@dag.task
def use_redis(client: Client) -> dict:
    import redis

    server = redis.Redis(
        client.get_variable("redis_host"), int(client.get_variable("redis_port")), decode_responses=True
    )
    with server.pipeline() as pipeline:
        pipeline.hset("fish", mapping={"Aal": 3, "Hecht": 4}).incrby("count", 2).xadd("stream", {"a": 1}, id="1-1")
        pipeline.execute()
    script = server.register_script("return redis.call('HGET', KEYS[1], ARGV[1]) * 2")
    seen = {"fish": server.hgetall("fish"), "script": script(["fish"], ["Hecht"]), "stream": server.xrange("stream")}
    server.flushall()
    return seen


@dag.task
def use_redis_async(client: Client) -> list:
    import asyncio

    from redis import asyncio as redis

    async def run() -> list:
        server = redis.Redis(host=client.get_variable("redis_host"), port=int(client.get_variable("redis_port")))
        await server.rpush("list", 1, 2, 3)
        items = [int(item) for item in await server.lrange("list", 0, -1)]
        await server.delete("list")
        await server.aclose()
        return items

    return asyncio.run(run())


@dag.task
def use_hiredis(client: Client) -> list:
    import hiredis
    from redis._parsers import _HiredisParser
    from redis.connection import DefaultParser

    reader = hiredis.Reader()
    reader.feed(b"*2\r\n$3\r\nAal\r\n:3\r\n")
    name, weight = reader.gets()
    return [name.decode(), weight, DefaultParser is _HiredisParser]
