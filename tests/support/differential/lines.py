"""Valid and invalid log lines, and the output on stdout and stderr."""

from __future__ import annotations

from support.differential.scenario import Scenario, begun

_LOSING = {
    "a log line is a JSON list": "line('[1, 2]')",
    "a log line is a JSON string": "line('\"text\"')",
    "a log line is a JSON number": "line('7')",
    "a log line is null": "line('null')",
    "a log line has no level": 'line(\'{"event": "x"}\')',
    "the level is a list": "record(level=[])",
    "the time of a log line does not parse": "record(timestamp='yesterday')",
    "the time of a log line is a number": "record(timestamp=12.5)",
    "the time of a log line is a date": "record(timestamp='2001-02-03')",
    "the time of a log line contains a quote": "record(timestamp='a\"b')",
    "the time of a log line is a list": "record(timestamp=[1])",
    **{
        f"a log line has a field {name}": f"records({name!r}, 'y')"
        for name in ("target", "msg", "self", "method_name", "positional_args")
    },
}
_HARMLESS = {
    "a line has every usual part": "record(timestamp='2001-02-03T04:05:06.789123Z', logger='a.b', n=1)",
    "lines have all levels": """
        records("level", "critical", "error", "warning", "info", "debug", "notset", "warn", "exception", "fatal",
             "trace", "INFO", "Error", "", "log")
        """,
    "levels are not strings": "records('level', 10, 20, None, True, 1.5)\nrecord(event='after')",
    "times have many forms": """
        records("timestamp", "2001-02-03T04:05:06Z", "2001-02-03T04:05:06+02:00", "2001-02-03 04:05:06.5z",
             "2001-02-03T04:05:06.123456789Z", "2001-02-03T04:05:06", "2001-02-03t04:05:06-0130", "", None, 0, False)
        """,
    "a line has no event": 'line(\'{"level": "info", "logger": "a"}\')',
    "events are not strings": "records('event', None, 0, 5, False, True, '', [1], {}, {'a': None}, 1.5)",
    "an event looks like a format string": "record(event='100 %s %d %(x)s {y} %')",
    "loggers are not strings": "records('logger', None, '', 5)",
    "a line is not JSON": "line('not JSON')\nline('{\"level\": \"info\"')\nrecord()",
    "a line is empty": "line('')\nline('   ')\nrecord()",
    "a line contains NaN": "record(n=float('nan'))\nrecord()",
    "a line contains odd numbers": """
        line('{"level": "info", "event": "x", "n": 1e400}')
        line('{"level": "info", "event": "x", "n": [1.0, 1e3, -0, -0.0, 9007199254740993, 18446744073709551615]}')
        """,
    "a line contains a huge number": "record(n=123456789012345678901234567890)",
    "a line has a key twice": 'line(\'{"level": "info", "event": "x", "n": 1, "n": 2, "level": "error"}\')',
    "a line has spaces around it": 'line(\'  \\t{"level": "info", "event": "x"}  \\r\')',
    "a line has a byte order mark": 'line(\'\\ufeff{"level": "info", "event": "x"}\')',
    "a line contains unusual characters": """
        text = "\\u00e4\\u20ac\\U0001f600\\u202e\\x7f"
        line(json.dumps({"level": "info", "event": text, text: text + "\\x00"}, ensure_ascii=False))
        record(event=text, **{text: text + "\\x00"})
        """,
    "a line contains half a surrogate pair": "record(event='\\ud800')\nrecord()",
    "a line is not UTF-8": 'line(b\'{"level": "info", "event": "\\xff"}\\n\')\nrecord()',
    "a line is long": "record(event='x' * 300_000)",
    "a line is nested deeply": 'line(\'{"level": "info", "event": "x", "n": \' + \'[\' * 40 + \']\' * 40 + \'}\')',
    "a line is nested too deeply": "line('{\"level\": \"info\", \"n\": ' + '[' * 5000 + ']' * 5000 + '}')\nrecord()",
    "a line has the fields of an exception": """
        frames = [{"filename": "a.py", "lineno": 1, "name": "f"}]
        record(level="error", exception=[{"exc_type": "ValueError", "exc_value": "v", "exc_notes": [], "frames": frames,
               "syntax_error": None, "is_cause": False, "is_group": False, "exceptions": []}])
        """,
    "exceptions have odd forms": """
        records("exception", "text", "", None, [], {}, True)
        record(exception="text", error_detail=1)
        record(exception="", error_detail=1)
        """,
    "fields have names that a logger uses": """
        for name in ("logger_name", "stack_info", "stack", "exc_info", "stacklevel", "log_level", "name", "args", "kw",
                     "event_dict", "_record", "_from_structlog", "detail", "message", "data"):
            records(name, "y", None)
        records("positional_args", None, [])
        record(logger_name="a", logger="b")
        """,
    "a field looks like a JSON Web Token": """
        record(event="token eyJhbGci.eyJzdWI.c-_x end", n="eyJa", inner=["eyJb"], logger="eyJc")
        """,
    "fields have names of secrets": """
        records("password", "p", "", None, 5, True, ["p", {"n": "p"}], [[[[[["p", 5]]]]]])
        record(nested={"Api-Key": "k", "my secret": ["s", 1], "tokens": {"a": 1}}, items=[{"passwd ": "p"}])
        """,
}
_BOTH_STREAMS = """
print("out", flush=True)
print("err", file=sys.stderr)
print("  two\\nlines  \\r\\n\\n\\tend\\t", flush=True)
os.write(2, b"\\xff\\x00 \\xc3\\xa4\\n")
os.write(1, b"no end")
succeed()
"""
_PARTS = """
for n in range(3):
    os.write(1, b"part ")
    log(str(n))
    os.write(1, b"end\\n")
succeed()
"""
_BEFORE_CONNECTING = """
print("early", flush=True)
os.write(2, b"early, too\\nhalf")
begin()
os.write(2, b" a line\\n")
succeed()
"""
_BYTE_BY_BYTE = """
logs.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for byte in b'{"level": "info", "event": "\\xc3\\xa4"}\\n':
    logs.sendall(bytes([byte]))
succeed()
"""
_MASKED = 'ask({"type": "MaskSecret", "value": "hunter22"})\nprint("eyJx.y hunter22", flush=True)\nsucceed()'

LINES: tuple[Scenario, ...] = (
    # The task waits for the end of its comm socket, so that nothing else happens at the same time.
    *(begun(name, f"{line}\nlog('after')\nreceive()") for name, line in _LOSING.items()),
    *(begun(name, body, ends="succeed()") for name, body in _HARMLESS.items()),
    begun("many lines come at once", 'line(b\'{"level": "info", "event": "x"}\\n\' * 3000)\nsucceed()'),
    begun("a line comes byte by byte", _BYTE_BY_BYTE),
    begun("the last line has no end", 'logs.sendall(b\'{"level": "info", "event": "x"}\')\nsucceed()'),
    begun("the last line is half a line", 'logs.sendall(b\'{"level": "in\')\nsucceed()'),
    begun("a task writes to stdout and stderr", _BOTH_STREAMS),
    begun("a task writes parts of a line to stdout between log lines", _PARTS),
    begun("stdout gets a long line", 'os.write(1, b"x" * 150_000 + b"\\n")\nsucceed()'),
    begun("stdout gets a JSON line", 'print(\'{"level": "info", "event": "x"}\', flush=True)\nsucceed()'),
    begun("stdout gets a string like a token, and a secret", _MASKED),
    Scenario(name="a task writes to stdout and stderr before it connects", body=_BEFORE_CONNECTING),
    begun("stdout and stderr are closed", "os.close(1)\nos.close(2)\nsucceed()"),
)
