"""Records cells and their JSON from a real Cassandra 5.0, for CellJSONTests.

    python3 record_json.py [HOST [PORT]] > ../Fixtures/cassandra-json.txt

It makes a keyspace of its own and drops it. For each type it writes values, partly bytes that no driver would send, and
reads each back twice: as raw bytes and with SELECT JSON. A line `T` holds the type as the server's metadata have it, the
lines below it a cell in hexadecimal digits (`-` for no bytes) and its JSON.
"""
import random
import struct
import sys

from cassandra_wire import Connection, Rows, ERROR, integer, long_string, short, string, value

KEYSPACE = "wire_record_json"


def ints(size, *numbers):
    return [n.to_bytes(size, "big", signed=True) for n in numbers]


def varint(n):
    return n.to_bytes(((n if n >= 0 else ~n).bit_length() // 8) + 1, "big", signed=True)


def decimal(scale, n):
    return integer(scale) + varint(n)


def vint(n):
    n = (n >> 63) ^ (n << 1)
    extra = min((max(n.bit_length(), 1) - 1) // 7, 8)
    if extra == 8:
        return b"\xff" + n.to_bytes(8, "big")
    data = bytearray(n.to_bytes(extra + 1, "big"))
    data[0] |= 0xFF & ~(0xFF >> extra)
    return bytes(data)


def duration(months, days, nanoseconds):
    return vint(months) + vint(days) + vint(nanoseconds)


def parts(*values):
    return b"".join(value(v) for v in values)


def collection(*values):
    return integer(len(values)) + parts(*values)


def mapping(*entries):
    return integer(len(entries)) + b"".join(parts(*entry) for entry in entries)


def text(*characters):
    return "".join(characters).encode()


generator = random.Random(1)
texts = [
    b"", b"plain", text("\u00e9\u4e2d\U0001f600"), b"\"\\/\b\t\n\f\r", bytes(range(32)), b"\x7f\xc2\x80\xe2\x80\xa8",
    b"x" * 100 + b"\n" + b"y" * 100,
]
floats = [
    0.0, -0.0, 1.0, -1.0, 4.8, 0.1, 0.001, 0.0009999, 1e7, 9999999.0, 1e10, 1.5e-5, 1e-10, 123456.789, 16777216.0,
    3.4028234663852886e38, 1.401298464324817e-45, float("nan"), float("inf"), float("-inf"), 1 / 3, 33554432.0,
]
doubles = floats + [
    1.7976931348623157e308, 5e-324, 2.2250738585072014e-308, 9007199254740993.0, 1e16, 1e15, 123456789012345680.0,
] + [struct.unpack(">d", generator.randbytes(8))[0] for _ in range(30)]
ipv4 = bytes([192, 0, 2, 255])
ipv6 = bytes.fromhex("20010db8000000000000ff0000428329")

SCALARS = {
    "ascii": [b"", b"plain", b"\"\\/\t\x00\x1f\x7f"],
    "bigint": ints(8, 0, 1, -1, 2**63 - 1, -2**63) + [b""],
    "blob": [b"", b"\0", bytes(range(0, 256, 5))],
    "boolean": [b"\0", b"\1", b"\2", b""],
    "date": [struct.pack(">I", n) for n in (
        0, 1, 2**31, 2**32 - 1, 2**31 - 1, 2**31 + 11016, 2**31 + 19782, 2**31 - 719162, 2**31 - 719163,
        2**31 - 719528, 2**31 - 719529, 2**31 + 2932896, 2**31 + 2932897, 2**31 - 4371953)],
    "decimal": [decimal(s, n) for s, n in (
        (0, 0), (1, 0), (6, 0), (7, 0), (10, 0), (-1, 0), (0, 1), (1, 1), (2, -2), (6, 1), (7, 1), (7, -15), (3, 100000),
        (-2, 12), (-1, 1), (10, 8388607), (2**31 - 1, 1), (-2**31, 1), (-2**31, 123), (2**31 - 1, 123456), (5, 10**40),
        (50, 10**40), (-5, -10**40), (3, 2**64), (3, -2**64 - 1))] + [b"", decimal(2, 5)[:4] + b"\0\0\5"],
    "double": [struct.pack(">d", n) for n in doubles] + [b""],
    "duration": [duration(*d) for d in (
        (0, 0, 0), (1, 2, 3), (-1, -1, -1), (13, 0, 14), (12, 7, 0), (0, 0, 3_600_000_000_000), (0, 0, 86399999999999),
        (0, 0, 61_001_002_003), (2**31 - 1, 2**31 - 1, 2**63 - 1), (1 - 2**31, 1 - 2**31, 1 - 2**63), (0, -400, 0))],
    "float": [struct.pack(">f", n) for n in floats] + [b""],
    "inet": [ipv4, bytes(4), ipv6, bytes(15) + b"\1", bytes(16), bytes(10) + b"\xff\xff" + ipv4, bytes(12) + ipv4,
             bytes.fromhex("fe80000000000000abcd000000000001"), b""],
    "int": ints(4, 0, 1, -1, 2**31 - 1, -2**31, 1234567) + [b""],
    "smallint": ints(2, 0, -1, 2**15 - 1, -2**15),
    "text": texts,
    "time": ints(8, 0, 1, 86399999999999, 3_723_000_000_123, 12 * 3600 * 10**9),
    "timestamp": ints(8, 0, 1, -1, 999, 1700000000123, 253402300799999, 253402300800000, -62135596800000, -62135596800001,
                      -62167219200000, -62167219200001, 2**63 - 1, 951782400000, -2203891200000, -12219292800000,
                      -12219292800001, 4102444800000) + [b""],
    "timeuuid": [bytes.fromhex("00112233445516778899aabbccddeeff"), b""],
    "tinyint": ints(1, 0, -1, 127, -128),
    "uuid": [bytes.fromhex("00112233445546778899aabbccddeeff"), bytes(16), b"\xff" * 16, b""],
    "varchar": [b"plain"],
    "varint": [varint(n) for n in (
        0, 1, -1, 127, 128, -128, -129, 2**63 - 1, 2**63, -2**63, -2**63 - 1, 2**64, 10**18, 10**27, -10**27,
        10**100 + 7, -10**100, 999999999, 10**9, 10**200)] + [b"", b"\0\0\5", b"\xff\xff", bytes(20) + b"\7"],
}
one = {
    "ascii": b"a\"", "bigint": ints(8, -5)[0], "blob": b"\1\2", "boolean": b"\1", "date": struct.pack(">I", 2**31),
    "decimal": decimal(1, 15), "double": struct.pack(">d", 1e10), "duration": duration(1, 2, 3),
    "float": struct.pack(">f", 2.5), "inet": ipv4, "int": ints(4, 7)[0], "smallint": ints(2, 7)[0],
    "text": text("\u00e9\"\n"), "time": ints(8, 1)[0], "timestamp": ints(8, 0)[0],
    "timeuuid": bytes.fromhex("00112233445516778899aabbccddeeff"), "tinyint": b"\7",
    "uuid": bytes.fromhex("00112233445546778899aabbccddeeff"), "varint": varint(10**30),
}
i1, i2 = ints(4, 1, 2)
COMPOUND = {
    "list<text>": [collection(b"a", b""), collection(b"x", b"x", b"\"")],
    "frozen<list<text>>": [collection(), collection(b"a", b"b")],
    "set<int>": [collection(i1, i2)],
    "frozen<set<text>>": [collection(), collection(b"a", b"b")],
    "map<text, int>": [mapping((b"a", i1), (b"b\"", i2)), mapping((b"", i1))],
    "frozen<map<text, text>>": [mapping(), mapping((b"a", b"b"))],
    "list<frozen<list<int>>>": [collection(collection(), collection(i1, i2))],
    "map<text, frozen<map<int, text>>>": [mapping((b"k", mapping((i1, b"v"))), (b"l", mapping()))],
    "frozen<map<frozen<list<int>>, text>>": [mapping((collection(i1, i2), b"v"), (collection(), b"w"))],
    "frozen<map<frozen<map<text, frozen<set<int>>>>, text>>": [mapping((mapping((b"a\"", collection(i1, i2))), b"c"))],
    "frozen<map<frozen<tuple<int, text, double>>, int>>": [
        mapping((parts(i1, b"a", struct.pack(">d", 1e10)), i1), (parts(None, None, None), i2))],
    "frozen<map<frozen<\"Mixed Case\">, int>>": [mapping((parts(i1, b"a", b"\1"), i1))],
    "frozen<map<double, int>>": [mapping(*[(struct.pack(">d", n), i1) for n in (0.0001, 1.0, 1e7, 1e10)])],
    "frozen<map<float, boolean>>": [mapping((struct.pack(">f", float("nan")), b"\1"))],
    "tuple<int, text, boolean>": [
        parts(i1, b"a", b"\1"), parts(None, None, None), parts(i1, None, b"\0"), parts(b"", b"", b"\0")],
    "tuple<int>": [parts(i1)],
    "tuple<frozen<tuple<int, text>>, frozen<list<int>>>": [parts(parts(i1, b"x"), collection(i1))],
    "plain": [parts(i1, b"a"), parts(i1), parts(None, b"b"), parts(b"", b"")],
    "frozen<plain>": [parts(i1, b"a"), parts(i1)],
    "frozen<\"Mixed Case\">": [parts(i1, b"a", b"\1"), parts(i1)],
    "frozen<nested>": [parts(parts(i1, b"a"), collection(parts(i1, b"x"), parts(None, None)), mapping((b"k", i1)))],
    "list<frozen<plain>>": [collection(parts(i1, b"a"), parts(i2))],
    "vector<float, 3>": [struct.pack(">fff", 1, 2.5, 1e10), struct.pack(">fff", float("nan"), 0, -1)],
    "vector<int, 1>": [i1],
    "vector<text, 2>": [b"\1a\0", b"\1\"\x80\x81" + b"x" * 129],
    "vector<smallint, 2>": [b"\2\0\1\2\xff\xff"],
    "vector<date, 1>": [b"\4\x80\0\0\0"],
    "vector<boolean, 3>": [b"\0\1\2"],
    "vector<timestamp, 1>": [bytes(8)],
    "vector<uuid, 1>": [one["uuid"]],
    "vector<frozen<vector<int, 2>>, 2>": [i1 + i2 + i1 + i2],
    "vector<frozen<list<int>>, 2>": [bytes([12]) + collection(i1, i2)[:12] + bytes([4]) + collection()],
    "list<frozen<vector<float, 2>>>": [collection(struct.pack(">ff", 1, 2))],
}
# Every type as an element, as a key and in a vector. A duration cannot be a key or in a set.
for name, cell in one.items():
    COMPOUND[f"frozen<list<{name}>>"] = [collection(cell, cell)]
    if name != "duration":
        COMPOUND[f"frozen<map<{name}, {name}>>"] = [mapping((cell, cell))]
    fixed = name in ("boolean", "float", "int", "bigint", "double", "timestamp", "uuid", "timeuuid")
    COMPOUND[f"vector<{name}, 2>"] = [cell + cell if fixed else (bytes([len(cell)]) + cell) * 2]
COMPOUND["vector<frozen<list<int>>, 2>"] = [bytes([12]) + collection(i1) + bytes([4]) + collection()]


def main():
    host = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1"
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 9042
    connection = Connection(5, host, port)
    connection.run(f"DROP KEYSPACE IF EXISTS {KEYSPACE}")
    connection.run(
        f"CREATE KEYSPACE {KEYSPACE} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}")
    connection.run(f"USE {KEYSPACE}")
    connection.run("CREATE TYPE plain (a int, b text)")
    connection.run('CREATE TYPE "Mixed Case" (a int, "Bc" text, "d e""f" boolean)')
    connection.run("CREATE TYPE nested (p frozen<plain>, l frozen<list<frozen<plain>>>, m frozen<map<text, int>>)")
    cases = list(SCALARS.items()) + list(COMPOUND.items())
    columns = ", ".join(f"c{index} {name}" for index, (name, _) in enumerate(cases))
    connection.run(f"CREATE TABLE cells (k int PRIMARY KEY, {columns})")
    connection.run("CREATE TABLE counters (k int PRIMARY KEY, c counter)")
    print("# Made by Scripts/record_json.py; see there.")
    for index, (name, cells) in enumerate(cases):
        for number, cell in enumerate(cells):
            tail = connection.values(integer(number), cell)
            opcode, _, body = connection.query(f"INSERT INTO cells (k, c{index}) VALUES (?, ?)", bits=1, tail=tail)
            if opcode == ERROR:
                print(f"{name} {cell.hex()}: {body[6:].decode()}", file=sys.stderr)
                continue
            record(connection, "cells", f"c{index}", number, is_first=number == 0)
    for number, amount in enumerate((1, -5, 2**63 - 1)):
        connection.run(f"UPDATE counters SET c = c + {amount} WHERE k = {number}")
        record(connection, "counters", "c", number, is_first=number == 0)
    connection.run(f"DROP KEYSPACE {KEYSPACE}")


def record(connection, table, column, key, is_first):
    opcode, _, body = connection.query(f"SELECT {column} FROM {table} WHERE k = {key}")
    rows = Rows(body)
    opcode, _, body = connection.query(f"SELECT JSON {column} FROM {table} WHERE k = {key}")
    if opcode == ERROR:
        print(f"{column} {key}: {body[6:].decode()}", file=sys.stderr)
        return
    json = Rows(body).rows[0][0].decode()
    prefix = f'{{"{column}": '
    assert json.startswith(prefix) and json.endswith("}")
    if is_first:
        print("T", rows.types[0].hex())
    cell = rows.rows[0][0]
    if cell is not None:
        print(cell.hex() or "-", json[len(prefix):-1])


main()
