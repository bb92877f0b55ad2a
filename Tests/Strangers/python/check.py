"""Drives a node with the Python driver of Cassandra: schema, types, paging, prepared statements, batches, events.

usage: check.py HOST PORT
"""
import datetime
import decimal
import ipaddress
import sys
import uuid

from cassandra import ConsistencyLevel, InvalidRequest, AlreadyExists
from cassandra.cluster import Cluster, ExecutionProfile, EXEC_PROFILE_DEFAULT
from cassandra.concurrent import execute_concurrent_with_args
from cassandra.protocol import SyntaxException
from cassandra.query import BatchStatement, BatchType, SimpleStatement
from cassandra.util import Date, Duration, SortedSet, Time

HOST, PORT = sys.argv[1], int(sys.argv[2])

TYPES = {
    "ascii": "plain",
    "bigint": 2**63 - 1,
    "blob": b"\x00\xff",
    "boolean": True,
    "date": Date(datetime.date(2024, 2, 29)),
    "decimal": decimal.Decimal("-123456789.987654321"),
    "double": 2.5,
    "duration": Duration(14, 3, 5000),
    "float": 1.5,
    "inet": "2001:db8::1",
    "int": -(2**31),
    "smallint": -32768,
    "text": "it's ünïcödé ☃",
    "time": Time(3723000000004),
    "timestamp": datetime.datetime(2024, 2, 29, 10, 11, 12, 345000),
    "timeuuid": uuid.UUID("50554d6e-29bb-11e5-b345-feff819cdc9f"),
    "tinyint": -128,
    "uuid": uuid.UUID(int=7),
    "varint": 123456789012345678901234567890,
    "list<int>": [3, 1, 2],
    "set<text>": SortedSet(["a", "b"]),
    "map<text, int>": {"x": 1, "y": 2},
    "frozen<list<frozen<map<int, text>>>>": [{1: "one"}, {2: "two"}],
    "tuple<int, text, double>": (1, "two", 3.0),
    "vector<float, 3>": [1.0, 2.5, -3.0],
}


def same(found, wanted):
    if isinstance(wanted, list) and not isinstance(found, list):
        found = list(found)
    return found == wanted


def check(version):
    profile = ExecutionProfile(consistency_level=ConsistencyLevel.ONE, request_timeout=20)
    options = {"protocol_version": version} if version else {}
    cluster = Cluster([HOST], port=PORT, execution_profiles={EXEC_PROFILE_DEFAULT: profile}, **options)
    session = cluster.connect()
    assert cluster.protocol_version == (version or 5), cluster.protocol_version
    session.execute("DROP KEYSPACE IF EXISTS stranger")
    session.execute(
        "CREATE KEYSPACE stranger WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    session.set_keyspace("stranger")

    # Every type, as text, as a literal of the driver's and bound.
    columns = [f"c{index}" for index in range(len(TYPES))]
    session.execute(
        "CREATE TABLE types (k int PRIMARY KEY, "
        + ", ".join(f"{column} {type}" for column, type in zip(columns, TYPES)) + ")")
    insert = session.prepare(
        f"INSERT INTO types (k, {', '.join(columns)}) VALUES ({', '.join('?' * (len(columns) + 1))})")
    session.execute(insert, [1, *TYPES.values()])
    session.execute(insert, [2] + [None] * len(columns))
    row = session.execute("SELECT * FROM types WHERE k = 1").one()
    for column, (type, wanted) in zip(columns, TYPES.items()):
        found = getattr(row, column)
        assert same(found, wanted), f"{type}: {found!r} is not {wanted!r}"
    row = session.execute("SELECT * FROM types WHERE k = 2").one()
    assert all(not getattr(row, column) for column in columns), row

    # User types.
    session.execute("CREATE TYPE address (street text, number int)")
    session.execute("CREATE TABLE people (name text PRIMARY KEY, home frozen<address>, all list<frozen<address>>)"
                    .replace("all", "homes"))
    insert = session.prepare("INSERT INTO people (name, home, homes) VALUES (?, ?, ?)")
    session.execute(insert, ["ann", ("High Street", 5), [("a", 1), ("b", None)]])
    row = session.execute("SELECT * FROM people").one()
    assert row.home.street == "High Street" and row.home.number == 5 and row.homes[1].number is None, row

    # Paging, prepared, concurrent.
    session.execute("CREATE TABLE many (k int, c int, v text, PRIMARY KEY (k, c)) WITH CLUSTERING ORDER BY (c DESC)")
    insert = session.prepare("INSERT INTO many (k, c, v) VALUES (?, ?, ?)")
    results = execute_concurrent_with_args(
        session, insert, [(index % 10, index, str(index)) for index in range(5000)], concurrency=200)
    assert all(success for success, _ in results)
    for size in (1000, 7, 5000):
        select = SimpleStatement("SELECT k, c FROM many WHERE k = 3", fetch_size=size)
        found = [row.c for row in session.execute(select)]
        assert found == sorted((index for index in range(5000) if index % 10 == 3), reverse=True)
    assert len(list(session.execute(SimpleStatement("SELECT * FROM many", fetch_size=333)))) == 5000
    result = session.execute(SimpleStatement("SELECT * FROM many WHERE k = 1", fetch_size=100))
    state = result.paging_state
    rest = list(session.execute(SimpleStatement("SELECT * FROM many WHERE k = 1", fetch_size=100), paging_state=state))
    assert len(rest) == 400, len(rest)
    assert session.execute("SELECT count(*) FROM many").one()[0] == 5000
    select = session.prepare("SELECT v FROM many WHERE k = ? AND c = ?")
    assert select.routing_key_indexes == [0]
    assert session.execute(select, (4, 4)).one().v == "4"
    named = session.prepare("SELECT v FROM many WHERE k = :k AND c = :c")
    assert session.execute(named, {"c": 5, "k": 5}).one().v == "5"

    # A statement that is prepared, then its table changes.
    all_columns = session.prepare("SELECT * FROM many WHERE k = ? AND c = ?")
    assert len(session.execute(all_columns, (1, 1)).one()) == 3
    session.execute("ALTER TABLE many ADD extra int")
    if (version or 5) >= 5:
        assert len(session.execute(all_columns, (1, 1)).one()) == 4

    # Batches.
    for kind in (BatchType.LOGGED, BatchType.UNLOGGED):
        batch = BatchStatement(kind)
        for index in range(50):
            batch.add(insert, (100 + kind.value, index, "batch"))
        batch.add(SimpleStatement("DELETE FROM many WHERE k = %s AND c = %s"), (3, 3))
        session.execute(batch)
        assert session.execute(f"SELECT count(*) FROM many WHERE k = {100 + kind.value}").one()[0] == 50
    session.execute("CREATE TABLE counts (k int PRIMARY KEY, n counter)")
    batch = BatchStatement(BatchType.COUNTER)
    for _ in range(3):
        batch.add("UPDATE counts SET n = n + 2 WHERE k = 1")
    session.execute(batch)
    assert session.execute("SELECT n FROM counts").one().n == 6

    # Conditions.
    result = session.execute("INSERT INTO many (k, c, v) VALUES (1, 1, 'x') IF NOT EXISTS")
    assert not result.was_applied and result.one().v == "1"
    assert session.execute("UPDATE many SET v = 'new' WHERE k = 1 AND c = 1 IF v = '1'").was_applied

    # Errors.
    for statement, error in [
        ("SELEC", SyntaxException), ("SELECT * FROM nosuch", InvalidRequest), ("SELECT nosuch FROM many", InvalidRequest),
        ("CREATE TABLE many (k int PRIMARY KEY)", AlreadyExists), ("INSERT INTO many (k) VALUES (1)", InvalidRequest),
    ]:
        try:
            session.execute(statement)
        except error:
            continue
        raise AssertionError(f"{statement} should be refused")

    # The schema, as the driver reads it, and its events.
    cluster.refresh_schema_metadata()
    keyspace = cluster.metadata.keyspaces["stranger"]
    assert set(keyspace.tables) == {"types", "people", "many", "counts"}, keyspace.tables
    many = keyspace.tables["many"]
    assert [column.name for column in many.partition_key] == ["k"]
    assert many.clustering_key[0].is_reversed and many.columns["v"].cql_type == "text"
    assert keyspace.user_types["address"].field_names == ["street", "number"]
    for column, type in zip(columns, TYPES):
        wanted = f"frozen<{type}>" if type.startswith("tuple") else type
        assert keyspace.tables["types"].columns[column].cql_type == wanted, column
    exported = keyspace.export_as_string()
    assert "CREATE TABLE stranger.many" in exported and "CREATE TYPE stranger.address" in exported
    session.execute("CREATE TABLE late (k int PRIMARY KEY, v int)")
    session.execute("CREATE INDEX late_v ON late (v)")
    cluster.refresh_table_metadata("stranger", "late")
    assert "late_v" in cluster.metadata.keyspaces["stranger"].tables["late"].indexes
    session.execute("INSERT INTO late (k, v) VALUES (1, 5)")
    assert session.execute("SELECT * FROM late WHERE v = 5").one()._asdict() == {"k": 1, "v": 5}

    # The ring.
    hosts = list(cluster.metadata.all_hosts())
    assert len(hosts) == 1 and hosts[0].datacenter == "datacenter1" and hosts[0].is_up, hosts
    assert cluster.metadata.partitioner.endswith("Murmur3Partitioner")
    assert cluster.metadata.get_replicas("stranger", b"\0\0\0\1") == hosts
    ipaddress.ip_address(hosts[0].broadcast_rpc_address)
    session.execute("DROP KEYSPACE stranger")
    cluster.shutdown()


for version in (None, 3, 4, 5):
    check(version)
    print(f"python driver, protocol {version or 'of its own choice'}: good")
