"""Valid and invalid frames, and bodies that the supervisor does not understand."""

from __future__ import annotations

from support.differential.scenario import Scenario, begun

_LOSING = {
    "a frame is not msgpack": 'comm.sendall(b"\\x00\\x00\\x00\\x03\\xc1\\xc1\\xc1")',
    "a frame is JSON": "comm.sendall(b'\\x00\\x00\\x00\\x06[1, 2]')",
    "a frame is a dict": "raw({'id': 1, 'body': GET})",
    "a frame is None": "raw(None)",
    "a frame is an empty array": "raw([])",
    "a frame has only an id": "raw([1])",
    "the id of a frame is a string": "raw(['1', GET])",
    "the id of a frame is true": "raw([True, GET])",
    "the id of a frame is a float": "raw([1.5, GET])",
    "the body of a frame is a list": "raw([1, [GET]])",
    "the body of a frame is a string": "raw([1, 'GetVariable'])",
    "a body has a key that is not a string": "raw([1, {1: 2, **GET}])",
    "the carrier of a frame is a string": "raw([1, GET, 'x'])",
    "a frame goes on after its end": (
        "data = msgpack.packb([1, GET])\ncomm.sendall((len(data) + 1).to_bytes(4, 'big') + data + b'\\xc0')"
    ),
    "a string in a frame is not UTF-8": "raw([1, {'type': 'GetVariable', 'key': '\\udcff'}], 'surrogateescape')",
}
_REFUSED = {
    "a body has no type": "{'key': 'who'}",
    "a body is None": "None",
    "a body is empty": "{}",
    "a body has an unknown type": "{'type': 'Nope', 'key': 'who'}",
    "a body has a type that is not a string": "{'type': 5}",
    "a body has a type of another supervisor": "{'type': 'GetDagStructure', 'dag_id': 'd'}",
    "a body lacks a field": "{'type': 'GetVariable'}",
    "a body has a field of another type": "{'type': 'GetVariable', 'key': 5}",
    "a body has None in a field for a string": "{'type': 'GetVariable', 'key': None}",
    "a terminal message has an unknown field": "{'type': 'SucceedTask', 'end_date': at(), 'extra': 1}",
    "a terminal message has another state": "{'type': 'TaskState', 'state': 'success'}",
    "a terminal message lacks its date": "{'type': 'SucceedTask'}",
    "an XCom is a datetime": "{'type': 'SetXCom', **xcom('k'), 'value': at()}",
    "an XCom is bytes": "{'type': 'SetXCom', **xcom('k'), 'value': b'x'}",
    "an XCom is a dict with a key that is not a string": "{'type': 'SetXCom', **xcom('k'), 'value': {1: 2}}",
    "a date is not a date": "{'type': 'SucceedTask', 'end_date': 'yesterday'}",
    "a date has no time zone": "{'type': 'SucceedTask', 'end_date': '2001-02-03T04:05:06'}",
    "a date is a number": "{'type': 'RescheduleTask', 'end_date': 981173106, 'reschedule_date': 981173106.5}",
    "a date is a string": "{'type': 'RescheduleTask', 'end_date': '2001-02-03T04:05:06Z', 'reschedule_date': at()}",
    "a number is a string": "{'type': 'GetVariableKeys', 'limit': '5'}",
    "an integer is a whole float": "{'type': 'GetVariableKeys', 'limit': 5.0}",
    "an integer is a float": "{'type': 'GetVariableKeys', 'limit': 5.5}",
    "a number is true": "{'type': 'GetVariableKeys', 'limit': True}",
    "a flag is a string": "{'type': 'GetXCom', **xcom('k'), 'include_prior_dates': 'yes'}",
    "a flag is a number": "{'type': 'GetXCom', **xcom('k'), 'include_prior_dates': 1}",
    "a body has an unknown field": "{**GET, 'extra': 1}",
    "a list holds another type": "{'type': 'SkipDownstreamTasks', 'tasks': ['a', 5]}",
    "a list holds a pair": "{'type': 'SkipDownstreamTasks', 'tasks': ['a', ['b', 1]]}",
    "a timeout is ISO 8601": "{'type': 'DeferTask', 'classpath': 'a.B', 'next_method': 'm', 'trigger_timeout': 'PT1M'}",
    "a timeout is a number": "{'type': 'DeferTask', 'classpath': 'a.B', 'next_method': 'm', 'trigger_timeout': 60.5}",
    "an id is not a UUID": "{'type': 'GetTaskStateStore', 'ti_id': 'x', 'key': 'k'}",
}
_TOGETHER = """
comm.sendall(b"".join(bytes_of({"type": "GetVariable", "key": str(n)}, n) for n in range(20)))
for n in range(20):
    receive()
succeed()
"""
_BYTE_BY_BYTE = """
comm.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for byte in bytes_of(GET):
    comm.sendall(bytes([byte]))
receive()
succeed()
"""
_HALVES = """
first, second = bytes_of(GET, 1), bytes_of(GET, 2)
comm.sendall(first + second[:9])
receive()
comm.sendall(second[9:])
receive()
succeed()
"""
_IDS = """
for frame_id in (0, 1, 1, -1, 2**31, 2**53, 2**63 - 1, -(2**63)):
    send(frame_id, GET)
    receive()
succeed()
"""
_CARRIERS = """
for carrier in (None, {}, {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}, {"other": "x"}):
    send(1, GET, carrier)
    receive()
send(1, GET, None, "more", 5)
receive()
succeed()
"""
_WHO = {"variables": {"who": "me"}}

FRAMES: tuple[Scenario, ...] = (
    *(begun(name, f"{body}\nreceive()", data=_WHO) for name, body in _LOSING.items()),
    # After the refused body, the bundle sends a valid request, so that a reply follows in any case.
    *(begun(name, f"send(5, {body})\nask(GET)", data=_WHO) for name, body in _REFUSED.items()),
    begun("several frames come in one write", _TOGETHER, data={"variables": {str(n): str(n) for n in range(0, 20, 2)}}),
    begun("a frame comes byte by byte", _BYTE_BY_BYTE, data=_WHO),
    begun("a frame comes in halves", _HALVES, data=_WHO),
    begun("frames have all kinds of ids", _IDS, data=_WHO),
    begun("frames have carriers, and more", _CARRIERS, data=_WHO),
    begun("the last frame is half a frame", "succeed()\ncomm.sendall(bytes_of(GET)[:9])"),
    begun("the last frame is half a length", "succeed()\ncomm.sendall(b'\\0\\0')"),
)
