"""The driver of MongoDB. The task brings a small server, because there is none in Debian."""

from __future__ import annotations

import socket
import struct
import threading

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("mongo")


class Server(threading.Thread):
    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.documents = []

    def run(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        import bson

        stream = connection.makefile("rwb")
        while head := stream.read(16):
            length, request, _, code = struct.unpack("<iiii", head)
            body = stream.read(length - 16)
            if code == 2004:  # the first question of a client, in the old form
                answer = bson.encode(
                    {"ok": 1, "ismaster": True, "helloOk": True, "maxWireVersion": 25, "minWireVersion": 0}
                )
                reply = struct.pack("<iqii", 8, 0, 0, 1) + answer
                stream.write(struct.pack("<iiii", 16 + len(reply), 1, request, 1) + reply)
            else:
                answer = bson.encode(self.answer(body))
                reply = struct.pack("<ib", 0, 0) + answer
                stream.write(struct.pack("<iiii", 16 + len(reply), 1, request, 2013) + reply)
            stream.flush()

    def answer(self, body: bytes) -> dict:
        import bson

        size = struct.unpack_from("<i", body, 5)[0]
        command = bson.decode(body[5 : 5 + size])
        rest = body[5 + size :]
        if rest[:1] == b"\x01":
            names_end = rest.index(b"\0", 5)
            command["documents"] = bson.decode_all(rest[names_end + 1 :])
        if "insert" in command:
            self.documents += command["documents"]
            return {"ok": 1, "n": len(command["documents"])}
        if "find" in command:
            found = [
                document for document in self.documents if document["weight"] >= command["filter"]["weight"]["$gte"]
            ]
            return {"ok": 1, "cursor": {"id": bson.Int64(0), "ns": "shop.fish", "firstBatch": found}}
        return {
            "ok": 1,
            "isWritablePrimary": True,
            "helloOk": True,
            "maxWireVersion": 25,
            "minWireVersion": 0,
            "maxBsonObjectSize": 16777216,
            "maxMessageSizeBytes": 48000000,
            "maxWriteBatchSize": 100000,
        }


@dag.task
def use_pymongo() -> list:
    import pymongo

    server = Server()
    server.start()
    with pymongo.MongoClient("127.0.0.1", server.listener.getsockname()[1], serverSelectionTimeoutMS=20_000) as client:
        fish = client.shop.fish
        result = fish.insert_many([{"_id": 1, "name": "Aal", "weight": 1}, {"_id": 2, "name": "Hecht", "weight": 4}])
        return [result.inserted_ids, list(fish.find({"weight": {"$gte": 2}}))]


@dag.task
def use_bson() -> str:
    from datetime import datetime, timezone

    from bson import Decimal128, ObjectId, json_util

    return json_util.dumps(
        {"id": ObjectId("0" * 24), "price": Decimal128("1.50"), "at": datetime(2026, 3, 1, tzinfo=timezone.utc)}
    )


@dag.task
def without_a_server() -> str:
    import pymongo
    from pymongo.errors import ServerSelectionTimeoutError

    try:
        pymongo.MongoClient("127.0.0.1", 1, serverSelectionTimeoutMS=500).admin.command("ping")
    except ServerSelectionTimeoutError as error:
        return "Connection refused" * ("Connection refused" in str(error))
    return ""
