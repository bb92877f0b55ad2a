"""Records bodies of responses from a real Cassandra 5.0, for RecordedBodyTests and as seeds for fuzzing.

    python3 record_bodies.py [HOST [PORT]] > ../Fixtures/cassandra-bodies.txt

It makes a keyspace of its own and drops it. A line has a name, the version of the protocol, the opcode, the flags and the
body in hexadecimal digits (`-` for no bytes).
"""
import socket
import struct
import sys
import time

from cassandra_wire import (
    BATCH, Connection, OPTIONS, REGISTER, STARTUP, integer, long_string, short, string)

KEYSPACE = "wire_record"
TYPES = [
    ("ascii", "'a'"), ("bigint", "-5"), ("blob", "0x00ff"), ("boolean", "true"), ("date", "'2024-02-29'"),
    ("decimal", "-12.50"), ("double", "1e10"), ("duration", "1mo2d3ns"), ("float", "4.8"), ("inet", "'192.0.2.1'"),
    ("int", "7"), ("smallint", "-7"), ("text", "'\u00e9'"), ("time", "'08:30:00'"), ("timestamp", "1700000000123"),
    ("timeuuid", "00112233-4455-1677-8899-aabbccddeeff"), ("tinyint", "127"),
    ("uuid", "00112233-4455-4677-8899-aabbccddeeff"), ("varint", "1000000000000000000000"), ("list<text>", "['a', 'b']"),
    ("set<int>", "{1, 2}"), ("map<text, int>", "{'a': 1}"), ("frozen<list<frozen<set<int>>>>", "[{1}, {}]"),
    ("tuple<int, text>", "(1, null)"), ("address", "{street: 'x', number: 5}"), ("frozen<address>", "{street: 'x'}"),
    ("vector<float, 3>", "[1, 2, 3]"), ("vector<text, 2>", "['a', 'bc']"),
    ("vector<frozen<list<int>>, 1>", "[[1]]"),
]


class Recorder:
    def __init__(self, host, port):
        self.host, self.port = host, port
        print("# Made by Scripts/record_bodies.py; see there.")

    def connect(self, version):
        return Connection(version, self.host, self.port)

    def write(self, name, version, answer):
        opcode, flags, body = answer
        print(name, version, opcode, flags, body.hex() or "-")
        return body

    def startup(self, version):
        """The answers to OPTIONS and STARTUP, which a connection has behind it before it can be used."""
        with socket.create_connection((self.host, self.port), timeout=20) as plain:
            for name, opcode, body in (
                ("supported", OPTIONS, b""),
                ("ready", STARTUP, short(1) + string("CQL_VERSION") + string("3.0.0")),
            ):
                plain.sendall(struct.pack(">BBhBI", version, 0, 1, opcode, len(body)) + body)
                header = plain.recv(9, socket.MSG_WAITALL)
                _, flags, _, opcode, length = struct.unpack(">BBhBI", header)
                self.write(name, version, (opcode, flags, plain.recv(length, socket.MSG_WAITALL) if length else b""))

    def schema(self, version):
        """The events of changes of the schema, and the results of the statements that made them."""
        connection, listener = self.connect(version), self.connect(version)
        kinds = ["TOPOLOGY_CHANGE", "STATUS_CHANGE", "SCHEMA_CHANGE"]
        self.write("registered", version,
                   listener.request(REGISTER, short(3) + b"".join(string(kind) for kind in kinds)))
        columns = ", ".join(f"c{index} {name}" for index, (name, _) in enumerate(TYPES))
        statements = [
            ("keyspace", f"CREATE KEYSPACE {KEYSPACE} WITH replication = "
                         "{'class': 'SimpleStrategy', 'replication_factor': 1}"),
            ("type", f"CREATE TYPE {KEYSPACE}.address (street text, number int, zone frozen<set<text>>)"),
            ("table", f"CREATE TABLE {KEYSPACE}.everything (k int PRIMARY KEY, {columns})"),
            ("pairs", f"CREATE TABLE {KEYSPACE}.pairs (a int, b text, c int, d int static, PRIMARY KEY ((a, b), c))"),
            ("counter", f"CREATE TABLE {KEYSPACE}.counters (k int PRIMARY KEY, n counter)"),
            ("index", f"CREATE INDEX ON {KEYSPACE}.everything (c10)"),
            ("function", f"CREATE FUNCTION {KEYSPACE}.fail (a int, b map<text, int>) CALLED ON NULL INPUT "
                         "RETURNS int LANGUAGE java AS 'throw new RuntimeException(\"no\");'"),
            ("state", f"CREATE FUNCTION {KEYSPACE}.sum (a int, b int) CALLED ON NULL INPUT RETURNS int "
                      "LANGUAGE java AS 'return (a == null ? 0 : a) + (b == null ? 0 : b);'"),
            ("aggregate", f"CREATE AGGREGATE {KEYSPACE}.total (int) SFUNC sum STYPE int INITCOND 0"),
            ("altered", f"ALTER TYPE {KEYSPACE}.address ADD note text"),
            ("dropped", f"DROP AGGREGATE {KEYSPACE}.total"),
        ]
        for name, text in statements:
            self.write(f"schema-{name}", version, connection.query(text))
            self.write(f"event-{name}", version, listener.receive())
            # A change of a type tells of the tables that use it too.
            time.sleep(0.3)
            listener.socket.setblocking(False)
            try:
                while True:
                    self.write(f"event-{name}-more", version, listener.receive())
            except BlockingIOError:
                listener.socket.settimeout(20)
        return connection

    def results(self, version, connection):
        write = lambda name, answer: self.write(name, version, answer)
        prepared = {}

        def prepare(name, text):
            prepared[name] = write(f"prepared-{name}", connection.prepare(text))

        names = ", ".join(f"c{index}" for index in range(len(TYPES)))
        literals = ", ".join(literal for _, literal in TYPES)
        write("void", connection.query(f"INSERT INTO {KEYSPACE}.everything (k, {names}) VALUES (1, {literals})"))
        connection.run(f"INSERT INTO {KEYSPACE}.everything (k) VALUES (2)")
        connection.run(f"UPDATE {KEYSPACE}.counters SET n = n + 3 WHERE k = 1")
        for number in range(5):
            connection.run(f"INSERT INTO {KEYSPACE}.pairs (a, b, c) VALUES (1, 'x', {number})")
        write("rows-everything", connection.query(f"SELECT * FROM {KEYSPACE}.everything"))
        write("rows-counter", connection.query(f"SELECT * FROM {KEYSPACE}.counters"))
        write("rows-none", connection.query(f"SELECT * FROM {KEYSPACE}.pairs WHERE a = 9 AND b = ''"))
        write("rows-functions", connection.query(
            f"SELECT count(*), max(c), writetime(d), ttl(d), CAST(c AS text), token(a, b), (int)5, (list<int>)[1], "
            f"(map<text, int>){{'a': 1}}, (tuple<int, text>)(1, 'x') FROM {KEYSPACE}.pairs"))
        write("rows-json", connection.query(f"SELECT JSON * FROM {KEYSPACE}.pairs LIMIT 1"))
        write("rows-page", connection.query(f"SELECT * FROM {KEYSPACE}.pairs", bits=4, tail=integer(2)))
        write("rows-applied", connection.query(f"INSERT INTO {KEYSPACE}.pairs (a, b, c) VALUES (2, 'y', 1) IF NOT EXISTS"))
        write("rows-not-applied",
              connection.query(f"INSERT INTO {KEYSPACE}.pairs (a, b, c) VALUES (2, 'y', 1) IF NOT EXISTS"))
        write("set-keyspace", connection.query(f"USE {KEYSPACE}"))
        prepare("select", f"SELECT b, c FROM {KEYSPACE}.pairs WHERE a = ? AND b = ? AND c > ?")
        prepare("insert", f"INSERT INTO {KEYSPACE}.pairs (c, b, a) VALUES (?, ?, ?)")
        prepare("everything", f"INSERT INTO {KEYSPACE}.everything (k, {names}) VALUES "
                              f"({', '.join(['?'] * (len(TYPES) + 1))})")
        prepare("named", f"SELECT * FROM {KEYSPACE}.pairs WHERE a IN (:low, :high) AND b = 'x' LIMIT :most")
        prepare("use", f"USE {KEYSPACE}")
        tail = connection.values(integer(1), b"x", integer(0))
        write("rows-skipped", connection.execute(prepared["select"], bits=1 | 2, tail=tail))
        write("rows-skipped-page", connection.execute(prepared["select"], bits=1 | 2 | 4, tail=tail + integer(1)))
        write("traced", connection.query(f"SELECT c FROM {KEYSPACE}.pairs LIMIT 1", flags=2))
        write("warned", connection.query(f"SELECT avg(c) FROM {KEYSPACE}.pairs"))
        write("warned-traced", connection.query(f"SELECT sum(c) FROM {KEYSPACE}.pairs", flags=2))
        batch = bytes([1]) + short(1) + b"\0" + long_string(
            f"INSERT INTO {KEYSPACE}.pairs (a, b, c) VALUES (3, 'z', 1) IF NOT EXISTS") + short(0) + short(1)
        write("rows-batch", connection.request(BATCH, batch + connection.flags(0)))
        prepare("star", f"SELECT * FROM {KEYSPACE}.pairs")
        connection.run(f"ALTER TABLE {KEYSPACE}.pairs ADD e text")
        # The change makes the server forget the statement. Prepared again it has the same id, and the metadata id that is
        # sent is the old one: that is when the server says that they have changed.
        write("error-forgotten", connection.execute(prepared["star"], bits=2 | 4, tail=integer(1)))
        prepare("star-again", f"SELECT * FROM {KEYSPACE}.pairs")
        write("rows-changed", connection.execute(prepared["star"], bits=2 | 4, tail=integer(1)))

    def errors(self, version, connection):
        write = lambda name, answer: self.write(f"error-{name}", version, answer)
        write("syntax", connection.query("SELEC * FROM x"))
        write("invalid", connection.query(f"SELECT nothing FROM {KEYSPACE}.pairs"))
        write("no-table", connection.query(f"SELECT * FROM {KEYSPACE}.missing"))
        write("config", connection.query("CREATE KEYSPACE x WITH replication = {'class': 'Nothing'}"))
        write("keyspace-exists", connection.query(
            f"CREATE KEYSPACE {KEYSPACE} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}"))
        write("table-exists", connection.query(f"CREATE TABLE {KEYSPACE}.pairs (a int PRIMARY KEY)"))
        write("type-exists", connection.query(f"CREATE TYPE {KEYSPACE}.address (a int)"))
        write("function-exists", connection.query(
            f"CREATE FUNCTION {KEYSPACE}.sum (a int, b int) CALLED ON NULL INPUT RETURNS int LANGUAGE java "
            "AS 'return a;'"))
        write("unavailable", connection.query(f"SELECT * FROM {KEYSPACE}.pairs", consistency=3))
        write("function", connection.query(f"SELECT fail(c, {{'a': 1}}) FROM {KEYSPACE}.pairs"))
        write("unauthorized", connection.query("LIST ROLES"))
        unknown = struct.pack(">i", 4) + string(bytes(range(16))) + string(bytes(16))
        write("unprepared", connection.execute(unknown))
        write("protocol", connection.query("SELECT key FROM system.local", consistency=99))
        other = self.connect(version)
        write("batch-type", other.request(BATCH, bytes([7]) + short(0) + short(1) + other.flags(0)))


def main():
    host = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1"
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 9042
    recorder = Recorder(host, port)
    for version in (3, 4, 5):
        recorder.connect(version).run(f"DROP KEYSPACE IF EXISTS {KEYSPACE}")
        recorder.startup(version)
        connection = recorder.schema(version)
        recorder.results(version, connection)
        recorder.errors(version, connection)
        connection.run(f"DROP KEYSPACE {KEYSPACE}")


main()
