"""Sentry's client: an event with its lines of source and the integrations that it turns on by name."""

import sentry_sdk
from sentry_sdk.transport import Transport

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("sentry")


class Kept(Transport):
    def __init__(self, options: object = None) -> None:
        super().__init__(options)
        self.events = []

    def capture_envelope(self, envelope: object) -> None:
        self.events += [item.payload.json for item in envelope.items if item.type == "event"]


@dag.task
def work() -> list:
    options = {"transport": Kept, "release": "shop@1", "in_app_include": [__name__]}
    sentry_sdk.init("http://key@127.0.0.1:9/1", **options)
    try:
        raise ValueError("wrong")  # the line
    except ValueError as error:
        sentry_sdk.capture_exception(error)
    client = sentry_sdk.get_client()
    event = client.transport.events[0]
    frame = event["exception"]["values"][0]["stacktrace"]["frames"][-1]
    wanted = {"sqlalchemy", "logging", "stdlib", "excepthook", "modules"}
    versions = event["modules"]
    client.close()
    return [
        frame["context_line"].strip(),
        frame["function"],
        frame["in_app"],
        sorted(wanted & set(event["sdk"]["integrations"])),
        sorted({"sqlalchemy", "requests", "sentry-sdk", "urllib3", "certifi"} & set(versions)),
    ]
