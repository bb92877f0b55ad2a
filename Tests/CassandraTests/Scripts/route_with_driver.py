"""Has the DataStax driver for Python say where partitions belong, for RoutingTokenTests.

    pip install cassandra-driver==3.30.1
    python3 route_with_driver.py > ../Fixtures/routing-keys.txt

A line has, with tabs between, the types of the columns of a partition key as class names with spaces between, their values
in hexadecimal digits (`-` for no bytes), the serialized key and its token. Every type that a key may have is there, alone
and in keys of two to four columns.
"""
import datetime
import decimal
import pathlib
import random
import sys
import uuid

from cassandra import ProtocolVersion
from cassandra.metadata import Murmur3Token
from cassandra.query import BoundStatement, PreparedStatement
from cassandra.util import Date, Time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "CassandraWireTests" / "Scripts"))
from encode_with_driver import class_name, driver_type  # noqa: E402

RANDOM = random.Random(1)
PAIR = ["udt", [("a", "int"), ("b", "text")]]


def text(letters, longest):
    return "".join(RANDOM.choice(letters) for _ in range(RANDOM.randrange(longest)))


def number(bits):
    return RANDOM.choice([0, 1, -1, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)), RANDOM.getrandbits(bits) - 2 ** (bits - 1)])


MAKERS = {
    "ascii": lambda: text("abcXYZ019 _", 40),
    "bigint": lambda: number(64),
    "blob": lambda: RANDOM.randbytes(RANDOM.randrange(70)),
    "boolean": lambda: RANDOM.random() < 0.5,
    "date": lambda: Date(RANDOM.randrange(-100_000, 100_000)),
    "decimal": lambda: decimal.Decimal(number(64)).scaleb(-RANDOM.randrange(-5, 20)),
    "double": lambda: RANDOM.choice([0.0, -0.0, 1e300, RANDOM.uniform(-1e9, 1e9)]),
    "float": lambda: RANDOM.choice([0.0, -0.0, 0.5, float(RANDOM.randrange(-10**6, 10**6)) / 8]),
    "inet": lambda: RANDOM.choice(["192.0.2.%d" % RANDOM.randrange(256), "2001:db8::%x" % RANDOM.randrange(2**16)]),
    "int": lambda: number(32),
    "smallint": lambda: number(16),
    "text": lambda: text("aé中😀\u0301 '", 40),
    "time": lambda: Time(RANDOM.randrange(86_400 * 10**9)),
    "timestamp": lambda: datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=RANDOM.randrange(-10**12, 4 * 10**12)),
    "timeuuid": lambda: uuid.UUID(int=RANDOM.getrandbits(128) & ~(0xF << 76) | (1 << 76), version=None),
    "tinyint": lambda: number(8),
    "uuid": lambda: uuid.UUID(int=RANDOM.getrandbits(128), version=4),
    "varint": lambda: RANDOM.choice([0, number(8), number(64), RANDOM.getrandbits(200) * RANDOM.choice([1, -1])]),
}
NESTED = {
    ("list", "int"): lambda: [number(32) for _ in range(RANDOM.randrange(4))],
    ("set", "text"): lambda: set(text("abc", 5) for _ in range(RANDOM.randrange(4))),
    ("map", "text", "bigint"): lambda: {text("abc", 5): number(64) for _ in range(RANDOM.randrange(4))},
    ("tuple", "int", "text"): lambda: (number(32), text("aé", 5)),
    "pair": lambda: (number(32), text("aé", 5)),
    ("vector", "float", 3): lambda: [float(RANDOM.randrange(100)) for _ in range(3)],
}


def kinds(count):
    """The types of a key of so many columns, and the values of one."""
    all_kinds = list(MAKERS) + list(NESTED)
    for _ in range(count):
        kind = RANDOM.choice(all_kinds)
        yield (PAIR if kind == "pair" else list(kind) if isinstance(kind, tuple) else kind), (MAKERS.get(kind) or NESTED[kind])()


def line(columns):
    types = [driver_type(kind) for kind, _ in columns]
    values = [kind.to_binary(value, ProtocolVersion.V4) for kind, (_, value) in zip(types, columns)]
    statement = PreparedStatement([], b"", list(range(len(values))), "", "", ProtocolVersion.V4, [], None)
    bound = statement_key(statement, values)
    return "\t".join([
        " ".join(class_name(kind).replace(" ", "") for kind, _ in columns), " ".join(v.hex() or "-" for v in values), bound.hex() or "-",
        str(Murmur3Token.from_key(bound).value)])


def statement_key(statement, values):
    """The driver's own serialization of a partition key."""
    bound = BoundStatement.__new__(BoundStatement)
    bound.prepared_statement, bound.values, bound._routing_key = statement, values, None
    return bound.routing_key


def main():
    print("# Made by Scripts/route_with_driver.py; see there.")
    lines = []
    for kind, make in list(MAKERS.items()) + list(NESTED.items()):
        kind = PAIR if kind == "pair" else list(kind) if isinstance(kind, tuple) else kind
        lines += [line([(kind, make())]) for _ in range(20)]
    while len(lines) < 1000:
        lines.append(line(list(kinds(RANDOM.randrange(2, 5)))))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
