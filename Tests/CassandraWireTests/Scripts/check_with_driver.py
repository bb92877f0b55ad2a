"""Has the DataStax driver for Python decode the responses that we encode, and compares with what they should say.

    pip install cassandra-driver==3.30.1
    python3 check_with_driver.py ../Fixtures/our-responses.txt

The file is what OurResponseTests makes; that test fails when our encoder makes anything else.
"""
import datetime
import decimal
import sys
import uuid
from collections import namedtuple

from cassandra import ConsistencyLevel, WriteType
from cassandra.protocol import ProtocolHandler
from cassandra.util import Date, Duration, Time

ID, METADATA_ID = bytes(range(16)), bytes(range(16, 32))
V1, V4 = uuid.UUID("00112233-4455-1677-8899-aabbccddeeff"), uuid.UUID("00112233-4455-4677-8899-aabbccddeeff")
TWO = [("ks", "t", "a", "int"), ("ks", "u", "b", "varchar")]
ROW = [
    "a", -5, b"\0\xff", True, 9, decimal.Decimal("-12.50"), 4.8, 4.75, 7,
    datetime.datetime(2023, 11, 14, 22, 13, 20, 123000), V4, "\u00e9", 10**21, V1, "192.0.2.1", Date(19782), Time("08:30:00"),
    -7, 127, Duration(1, 2, 3), [1, 2], {"a"}, {"k": 1}, (1, ["x"]), (1, None), [1.0, 2.5],
]
CODES = {
    "server": 0, "protocol": 0xA, "credentials": 0x100, "unavailable": 0x1000, "overloaded": 0x1001,
    "bootstrapping": 0x1002, "truncate": 0x1003, "write-timeout": 0x1100, "read-timeout": 0x1200, "read-failure": 0x1300,
    "function": 0x1400, "write-failure": 0x1500, "cdc": 0x1600, "syntax": 0x2000, "unauthorized": 0x2100,
    "invalid": 0x2200, "config": 0x2300, "exists": 0x2400, "unprepared": 0x2500,
}


def info(name, version):
    """What an error tells beyond its message."""
    replicas = {"192.0.2.1": 2, "2001:db8::7": 1} if version >= 5 else None
    return {
        "unavailable": {"consistency": ConsistencyLevel.QUORUM, "required_replicas": 2, "alive_replicas": 1},
        "write-timeout": {"consistency": ConsistencyLevel.LOCAL_QUORUM, "received_responses": 1, "required_responses": 2,
                          "write_type": WriteType.BATCH_LOG},
        "read-timeout": {"consistency": ConsistencyLevel.ONE, "received_responses": 0, "required_responses": 1,
                         "data_retrieved": True},
        "read-failure": {"consistency": ConsistencyLevel.ALL, "received_responses": 1, "required_responses": 3,
                         "failures": 2, "error_code_map": replicas, "data_retrieved": False},
        "write-failure": {"consistency": ConsistencyLevel.ALL, "received_responses": 1, "required_responses": 3,
                          "failures": 2, "error_code_map": replicas, "write_type": WriteType.SIMPLE},
        "function": {"keyspace": "ks", "function": "f", "arg_types": ["int", "text"]},
        "exists": {"keyspace": "ks", "table": "t"},
        "unprepared": ID,
    }.get(name)


def kinds(columns):
    return [(*column[:3], column[3].cql_parameterized_type()) for column in columns]


def plain(value):
    """A value without the driver's own classes."""
    if hasattr(value, "items") and not isinstance(value, dict):
        return dict(value.items())
    if type(value).__name__ == "SortedSet":
        return set(value)
    if isinstance(value, tuple):
        return tuple(value)
    return value


def check(name, version, message):
    kind, _, rest = name.partition("-")
    if kind == "error":
        assert message.code == CODES[rest] and message.message == "message", message
        assert message.info == info(rest, version), message.info
    elif name == "ready":
        assert message.name == "READY"
    elif name == "authenticate":
        assert message.authenticator == "x.Y"
    elif name == "supported":
        assert message.cql_versions == ["3.4.7"] and message.options == {"COMPRESSION": ["lz4", "snappy"]}
    elif name == "challenge":
        assert message.challenge == b"\1\2"
    elif name == "success":
        assert message.token == "\3"
    elif name == "void":
        assert message.kind == 1
    elif name == "set-keyspace":
        assert message.new_keyspace == "ks"
    elif name == "rows":
        assert message.paging_state == b"\1\2\3"
        assert [column[:3] for column in message.column_metadata] == [("ks", "t", f"c{i}") for i in range(len(ROW))]
        values, nulls = message.parsed_rows
        for value, expected in zip(values, ROW, strict=True):
            assert plain(value) == expected, (value, expected)
        assert all(value is None for value in nulls)
    elif kind == "rows":
        assert kinds(message.column_metadata) == TWO
        assert message.parsed_rows == ([] if rest == "none" else [(7, "x")])
        if rest == "changed" and version >= 5:
            assert message.result_metadata_id == METADATA_ID
    elif kind == "prepared":
        assert message.query_id == ID
        if version >= 5:
            assert message.result_metadata_id == METADATA_ID
        if rest == "write":
            assert not message.bind_metadata and not message.column_metadata
        else:
            assert kinds(message.bind_metadata) == [
                ("ks", "t", f"c{i}", kind) for i, kind in enumerate(("ascii", "bigint", "blob"))]
            assert kinds(message.column_metadata) == TWO
            assert message.pk_indexes == ([2, 0] if version >= 4 else None)
    elif name == "schema-table":
        assert message.schema_change_event == {
            "target_type": "TABLE", "change_type": "UPDATED", "keyspace": "ks", "table": "t"}
    elif kind == "event":
        expected = {
            "schema-keyspace": {"target_type": "KEYSPACE", "change_type": "CREATED", "keyspace": "ks"},
            "schema-type": {"target_type": "TYPE", "change_type": "DROPPED", "keyspace": "ks", "type": "p"},
            "topology": {"change_type": "NEW_NODE", "address": ("192.0.2.7", 9042)},
            "status": {"change_type": "DOWN", "address": ("2001:db8::7", 65535)},
        }
        arguments = dict(message.event_args)
        if rest in ("schema-function", "schema-aggregate"):
            target = rest.partition("-")[2]
            described = arguments.pop(target)
            assert (described.name, list(described.argument_types)) == {
                "function": ("f", ["int", "text"]), "aggregate": ("g", [])}[target]
            assert arguments == {"target_type": target.upper(), "keyspace": "ks",
                                 "change_type": {"function": "CREATED", "aggregate": "DROPPED"}[target]}
        else:
            assert arguments == expected[rest], arguments
    elif name == "prefix":
        assert message.trace_id == V1 and message.warnings == ["careful", "\u00e9"]
        assert message.custom_payload == {"k": b"\1\2"}
    else:
        raise AssertionError(f"the script does not know {name}")


def main():
    pair = namedtuple("pair", ["a", "b"])
    count = 0
    for line in open(sys.argv[1], encoding="utf-8"):
        if line.startswith("#"):
            continue
        name, version, opcode, flags, digits = line.split()
        body = b"" if digits == "-" else bytes.fromhex(digits)
        message = ProtocolHandler.decode_message(
            int(version), {"ks": {"pair": pair}}, 1, int(flags), int(opcode), body, None, None)
        try:
            check(name, int(version), message)
        except AssertionError as error:
            raise AssertionError(f"{name} v{version}: {error} {vars(message)}") from error
        count += 1
    print(f"{count} responses are what they should be")


main()
