"""Encodes requests and values with the DataStax driver for Python, for DriverFixtureTests and as seeds for fuzzing.

    pip install cassandra-driver==3.30.1
    python3 encode_with_driver.py requests > ../Fixtures/driver-requests.txt
    python3 encode_with_driver.py values > ../Fixtures/driver-values.txt

A request is a line with a name, the version of the protocol, the opcode, the flags and the body in hexadecimal digits
(`-` for no bytes). A value is a line with its type as a class name, its CQL literal and its bytes, with tabs between.
"""
import datetime
import decimal
import ipaddress
import struct
import sys
import uuid
from collections import OrderedDict

from cassandra import ConsistencyLevel
from cassandra.cqltypes import UserType, lookup_casstype
from cassandra.protocol import (
    _UNSET_VALUE, AuthResponseMessage, BatchMessage, ExecuteMessage, OptionsMessage, PrepareMessage, ProtocolHandler,
    QueryMessage, RegisterMessage, StartupMessage)
from cassandra.query import BatchType
from cassandra.util import Date, Duration, Time

ID, METADATA_ID = bytes(range(16)), bytes(range(16, 32))


def requests():
    """Names, the versions of the protocol that have them, and messages."""
    every, later, last = (3, 4, 5), (4, 5), (5,)
    one, quorum = ConsistencyLevel.ONE, ConsistencyLevel.LOCAL_QUORUM
    yield "startup", every, StartupMessage(
        cqlversion="3.0.0", options={"COMPRESSION": "lz4", "DRIVER_NAME": "x", "DRIVER_VERSION": "1"})
    yield "options", every, OptionsMessage()
    yield "auth-response", every, AuthResponseMessage(b"\0cassandra\0secret")
    yield "register", every, RegisterMessage(["TOPOLOGY_CHANGE", "STATUS_CHANGE", "SCHEMA_CHANGE"])
    yield "prepare", every, PrepareMessage("SELECT \u00e9 FROM t")
    yield "prepare-keyspace", last, PrepareMessage("SELECT * FROM t", keyspace="ks")
    yield "query", every, QueryMessage("SELECT * FROM t", one)
    yield "query-full", every, QueryMessage(
        "SELECT * FROM t", quorum, serial_consistency_level=ConsistencyLevel.LOCAL_SERIAL, fetch_size=5000,
        paging_state=b"\1\2\3", timestamp=1700000000123456)
    yield "query-keyspace", last, QueryMessage("SELECT * FROM t", one, keyspace="ks")
    yield "execute", every, ExecuteMessage(ID, [], one, result_metadata_id=METADATA_ID)
    yield "execute-values", every, ExecuteMessage(
        ID, [b"a", b"", None, bytes(300)], quorum, fetch_size=100, result_metadata_id=METADATA_ID)
    yield "execute-unset", later, ExecuteMessage(ID, [b"a", _UNSET_VALUE, None], one, result_metadata_id=METADATA_ID)
    yield "execute-full", every, ExecuteMessage(
        ID, [b"a"], ConsistencyLevel.EACH_QUORUM, serial_consistency_level=ConsistencyLevel.SERIAL, fetch_size=1,
        paging_state=bytes(70), timestamp=1, result_metadata_id=METADATA_ID)
    for kind in (BatchType.LOGGED, BatchType.UNLOGGED, BatchType.COUNTER):
        yield f"batch-{kind.name.lower()}", every, BatchMessage(
            kind, [(False, "INSERT a", [b"x", None]), (True, ID, [b"y"]), (True, ID, [])], quorum)
    yield "batch-none", every, BatchMessage(BatchType.LOGGED, [], one)
    yield "batch-full", every, BatchMessage(
        BatchType.LOGGED, [(True, ID, [b"y", b""])], one, serial_consistency_level=ConsistencyLevel.SERIAL, timestamp=7)
    yield "batch-unset", later, BatchMessage(BatchType.LOGGED, [(True, ID, [_UNSET_VALUE])], one)
    yield "batch-keyspace", last, BatchMessage(BatchType.LOGGED, [(False, "INSERT a", [])], one, keyspace="ks")
    message = QueryMessage("SELECT * FROM t", one)
    message.update_custom_payload({"key": b"value", "null": None, "empty": b""})
    message.tracing = True
    yield "query-payload-tracing", later, message


def print_requests():
    for name, versions, message in requests():
        for version in versions:
            frame = ProtocolHandler.encode_message(message, 1, version, None, False)
            _, flags, _, opcode, _ = struct.unpack_from(">BBhBI", frame)
            print(name, version, opcode, flags, frame[9:].hex() or "-")


PACKAGE = "org.apache.cassandra.db.marshal."
CLASSES = {
    "ascii": "AsciiType", "bigint": "LongType", "blob": "BytesType", "boolean": "BooleanType",
    "counter": "CounterColumnType", "date": "SimpleDateType", "decimal": "DecimalType", "double": "DoubleType",
    "duration": "DurationType", "float": "FloatType", "inet": "InetAddressType", "int": "Int32Type",
    "smallint": "ShortType", "text": "UTF8Type", "time": "TimeType", "timestamp": "TimestampType",
    "timeuuid": "TimeUUIDType", "tinyint": "ByteType", "uuid": "UUIDType", "varint": "IntegerType",
}


def class_name(kind):
    """The class name of a type: a name, or a list of a constructor and its parameters."""
    if isinstance(kind, str):
        return PACKAGE + CLASSES[kind]
    name, *parameters = kind
    if name == "vector":
        return f"{PACKAGE}VectorType({class_name(parameters[0])} , {parameters[1]})"
    if name == "udt":
        fields = ",".join(f"{field.encode().hex()}:{class_name(inner)}" for field, inner in parameters[0])
        return f"{PACKAGE}UserType(ks,{b'pair'.hex()},{fields})"
    constructor = {"list": "ListType", "set": "SetType", "map": "MapType", "tuple": "TupleType"}[name]
    return f"{PACKAGE}{constructor}({','.join(class_name(parameter) for parameter in parameters)})"


def driver_type(kind):
    if isinstance(kind, list) and kind[0] == "udt":
        return UserType.make_udt_class(
            "ks", "pair", [field for field, _ in kind[1]], [driver_type(inner) for _, inner in kind[1]])
    if isinstance(kind, list):
        base = lookup_casstype({"list": "ListType", "set": "SetType", "map": "MapType", "tuple": "TupleType",
                                "vector": "VectorType"}[kind[0]])
        if kind[0] == "vector":
            return base.apply_parameters([driver_type(kind[1]), kind[2]], None)
        return base.apply_parameters([driver_type(inner) for inner in kind[1:]])
    return lookup_casstype(class_name(kind))


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def duration_literal(value):
    """The driver writes neither years nor hours; Cassandra does."""
    parts = [value.months, value.days, value.nanoseconds]
    text = "-" if min(parts) < 0 else ""
    units = [[("y", 12), ("mo", 1)], [("d", 1)],
             [("h", 3600 * 10**9), ("m", 60 * 10**9), ("s", 10**9), ("ms", 10**6), ("us", 1000), ("ns", 1)]]
    for part, names in zip(map(abs, parts), units):
        for name, size in names:
            count, part = divmod(part, size)
            text += f"{count}{name}" if count else ""
    return text


def literal(kind, value):
    """The CQL literal of a value."""
    if value is None:
        return "null"
    if isinstance(kind, list):
        name, *inner = kind
        if name in ("list", "vector"):
            return "[" + ", ".join(literal(inner[0], v) for v in value) + "]"
        if name == "set":
            return "{" + ", ".join(literal(inner[0], v) for v in value) + "}"
        if name == "map":
            return "{" + ", ".join(f"{literal(inner[0], k)}: {literal(inner[1], v)}" for k, v in value.items()) + "}"
        if name == "tuple":
            return "(" + ", ".join(literal(k, v) for k, v in zip(inner, value)) + ")"
        return "{" + ", ".join(f"{field}: {literal(k, v)}" for (field, k), v in zip(inner[0], value)) + "}"
    if kind in ("ascii", "text", "date", "time"):
        return quoted(str(value))
    if kind == "inet":
        return quoted(str(ipaddress.ip_address(value)))
    if kind == "blob":
        return "0x" + value.hex()
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "timestamp":
        return quoted(value.isoformat(timespec="milliseconds") + "Z")
    if kind == "duration":
        return duration_literal(value)
    if kind in ("float", "double"):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(repr(value), repr(value))
    return str(value)


def values():
    v1, v4 = uuid.UUID("00112233-4455-1677-8899-aabbccddeeff"), uuid.UUID("00112233-4455-4677-8899-aabbccddeeff")
    yield from (("ascii", text) for text in ("", "plain", "it's"))
    yield from (("text", text) for text in ("", "\u00e9\u4e2d\U0001f600", "x" * 200))
    yield from (("bigint", n) for n in (0, -1, 2**63 - 1, -2**63))
    yield from (("counter", n) for n in (0, -1))
    yield from (("blob", data) for data in (b"", b"\0\xff"))
    yield from (("boolean", flag) for flag in (True, False))
    yield from (("date", Date(days)) for days in (0, -1, 19782, -719162, 2932896))
    yield from (("decimal", decimal.Decimal(text)) for text in (
        "0", "-12.50", "1E-7", "1.2E+3", "0.000001", "123456789012345678901234567890.12345", "-1E+10"))
    yield from (("double", n) for n in (0.0, -0.0, 4.8, 1e16, 1e-05, float("inf"), float("-inf"), 1 / 3))
    yield from (("float", n) for n in (0.0, 4.75, -1.5, float("inf")))
    yield from (("duration", Duration(*d)) for d in (
        (1, 2, 3), (-1, -2, -3), (14, 0, 3_723_000_000_000), (0, 0, 1), (2**31 - 1, 2**31 - 1, 2**63 - 1)))
    yield from (("inet", text) for text in ("192.0.2.1", "::1", "2001:db8::ff00:42:8329", "fe80:0:0:1::", "1:0:0:2:0:0:0:3"))
    yield from (("int", n) for n in (0, -1, 2**31 - 1, -2**31))
    yield from (("smallint", n) for n in (0, -1, 2**15 - 1))
    yield from (("tinyint", n) for n in (0, -128, 127))
    yield from (("time", Time(n)) for n in (0, 1, 86399999999999))
    yield from (("timestamp", datetime.datetime(*t)) for t in (
        (1970, 1, 1), (2024, 2, 29, 12, 30, 0, 250000), (1, 1, 1), (1969, 12, 31, 23, 59, 59, 999000)))
    yield "timeuuid", v1
    yield "uuid", v4
    yield from (("varint", n) for n in (0, 127, 128, -128, -129, 255, -256, 2**64, 10**40, -10**40))
    yield ["list", "int"], [1, 2, 3]
    yield ["list", "text"], []
    yield ["set", "text"], ["a", "b"]
    yield ["map", "text", "int"], OrderedDict([("a", 1), ("b", 2)])
    yield ["map", "int", ["list", "text"]], OrderedDict([(1, ["x"]), (2, [])])
    yield ["list", ["set", "int"]], [[1], [2, 3]]
    yield ["tuple", "int", "text", "boolean"], (1, "a", True)
    yield ["tuple", "int", "text"], (None, "a")
    yield ["udt", [("a", "int"), ("b", ["list", "text"])]], (1, ["x"])
    yield ["udt", [("a", "int"), ("b", "text")]], (None, "x")
    yield ["vector", "float", 3], [1.0, 2.5, -0.5]
    yield ["vector", "text", 2], ["a", "b" * 200]
    yield ["vector", "smallint", 2], [1, -1]
    yield ["vector", ["vector", "int", 2], 2], [[1, 2], [3, 4]]
    yield ["list", ["vector", "float", 1]], [[1.5], [2.5]]


def print_values():
    for kind, value in values():
        data = driver_type(kind).serialize(value, 5)
        print(class_name(kind), literal(kind, value), data.hex() or "-", sep="\t")


if __name__ == "__main__":
    print("# Made by Scripts/encode_with_driver.py; see there.")
    {"requests": print_requests, "values": print_values}[sys.argv[1]]()
