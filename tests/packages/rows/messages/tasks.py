"""gRPC with a server in the same task, with and without TLS, and Kafka with its own mock cluster."""

from __future__ import annotations

from concurrent import futures
from pathlib import Path

from dagfloe import Bundle, Client

bundle = Bundle()
dag = bundle.dag("messages")


@dag.task
def use_grpc(client: Client) -> list:
    import grpc
    from google.protobuf import json_format, struct_pb2
    from google.rpc import code_pb2, error_details_pb2, status_pb2
    from grpc_status import rpc_status

    def weigh(request: struct_pb2.Struct, context: grpc.ServicerContext) -> struct_pb2.Struct:
        if request["fish"] == "Hai":
            status = status_pb2.Status(code=code_pb2.OUT_OF_RANGE, message="too heavy")
            status.details.add().Pack(error_details_pb2.ErrorInfo(reason="HEAVY"))
            context.abort_with_status(rpc_status.to_status(status))
        answer = struct_pb2.Struct()
        answer.update({"fish": request["fish"], "weight": len(request["fish"])})
        return answer

    def stream(request: struct_pb2.Struct, context: grpc.ServicerContext):
        for _ in range(2):
            yield weigh(request, context)

    codec = {
        "request_deserializer": struct_pb2.Struct.FromString,
        "response_serializer": struct_pb2.Struct.SerializeToString,
    }
    handlers = {
        "weigh": grpc.unary_unary_rpc_method_handler(weigh, **codec),
        "stream": grpc.unary_stream_rpc_method_handler(stream, **codec),
    }
    server = grpc.server(
        futures.ThreadPoolExecutor(2), handlers=[grpc.method_handlers_generic_handler("shop.Scale", handlers)]
    )
    authority = Path(client.get_variable("web_ca"))
    key = authority.with_name("key.pem").read_bytes()
    plain = server.add_insecure_port("127.0.0.1:0")
    secure = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, authority.read_bytes())]))
    server.start()
    seen = []
    request = struct_pb2.Struct()
    request.update({"fish": "Hecht"})
    trust = grpc.ssl_channel_credentials(authority.read_bytes())
    for channel in (grpc.insecure_channel(f"127.0.0.1:{plain}"), grpc.secure_channel(f"127.0.0.1:{secure}", trust)):
        with channel:
            codec = {
                "request_serializer": struct_pb2.Struct.SerializeToString,
                "response_deserializer": struct_pb2.Struct.FromString,
            }
            answer = channel.unary_unary("/shop.Scale/weigh", **codec)(request, timeout=20)
            seen.append(json_format.MessageToDict(answer))
            seen.append(len(list(channel.unary_stream("/shop.Scale/stream", **codec)(request, timeout=20))))
            shark = struct_pb2.Struct()
            shark.update({"fish": "Hai"})
            try:
                channel.unary_unary("/shop.Scale/weigh", **codec)(shark, timeout=20)
            except grpc.RpcError as error:
                status = rpc_status.from_call(error)
                info = error_details_pb2.ErrorInfo()
                seen.append([status.message, status.details[0].Unpack(info), info.reason])
    with grpc.secure_channel(f"127.0.0.1:{secure}", grpc.ssl_channel_credentials()) as channel:
        try:
            channel.unary_unary("/shop.Scale/weigh", **codec)(request, timeout=20)
        except grpc.RpcError as error:
            seen.append([error.code().name, "CERTIFICATE_VERIFY_FAILED" in error.details()])
    server.stop(None)
    return seen


@dag.task
def use_kafka() -> list:
    from confluent_kafka import Consumer, Producer

    producer = Producer({"bootstrap.servers": "", "test.mock.num.brokers": 2})
    brokers = ",".join(f"{broker.host}:{broker.port}" for broker in producer.list_topics(timeout=20).brokers.values())
    delivered = []
    for name in ("Aal", "Hecht"):
        producer.produce(
            "fish", name, key="k", on_delivery=lambda error, message: delivered.append([error, message.offset()])
        )
    producer.flush(20)
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "g", "auto.offset.reset": "earliest"})
    consumer.subscribe(["fish"])
    messages = consumer.consume(2, timeout=30)
    consumer.close()
    return [delivered, [message.value().decode() for message in messages]]


@dag.task
def without_a_broker() -> list:
    from confluent_kafka import KafkaException, libversion
    from confluent_kafka.admin import AdminClient

    try:
        AdminClient({"bootstrap.servers": "127.0.0.1:1", "compression.type": "zstd"}).list_topics(timeout=1)
    except KafkaException as error:
        return [error.args[0].name(), libversion()[0].split(".")[0]]
    return []
