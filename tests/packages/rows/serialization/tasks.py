"""fastavro, protobuf and orjson: files and messages by schemas made on the spot."""

import datetime as dt
import decimal
import io

import fastavro
import msgspec
import orjson
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory, timestamp_pb2

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("avro_protobuf")


@dag.task
def work() -> list:
    schema = {
        "type": "record",
        "name": "Order",
        "fields": [
            {"name": "id", "type": "int"},
            {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}},
        ],
    }
    buffer = io.BytesIO()
    fastavro.writer(buffer, schema, [{"id": 1, "price": decimal.Decimal("1.50")}], codec="deflate")
    buffer.seek(0)
    rows = [[row["id"], str(row["price"])] for row in fastavro.reader(buffer)]
    file = descriptor_pb2.FileDescriptorProto(name="o.proto", package="o", syntax="proto3")
    field = file.message_type.add(name="Order").field.add(name="id", number=1, label=1, type=5)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    order = message_factory.GetMessageClass(pool.FindMessageTypeByName("o.Order"))(id=7)
    stamp = timestamp_pb2.Timestamp()
    stamp.FromJsonString("2024-01-01T00:00:00Z")
    return [
        rows,
        field.name,
        order.SerializeToString().hex(),
        json_format.MessageToDict(stamp),
        orjson.dumps({"at": dt.date(2024, 1, 1)}).decode(),
        msgspec.yaml.__name__,
        msgspec.json.decode(b'{"a": 1}'),
    ]
