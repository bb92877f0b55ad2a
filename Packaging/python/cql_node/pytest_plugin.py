"""Fixtures for pytest.

cql_node           a node for the whole run
cassandra_session  a session of the Python driver with a keyspace of its own for each test
"""

import itertools

import pytest

from . import CQLNode

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def cql_node():
    """A node for the whole run."""
    with CQLNode() as node:
        yield node


@pytest.fixture(scope="session")
def cassandra_cluster(cql_node):
    """The Python driver's cluster for the node; needs cassandra-driver."""
    from cassandra.cluster import ExecutionProfile, EXEC_PROFILE_DEFAULT, Cluster
    from cassandra.policies import RoundRobinPolicy

    profile = ExecutionProfile(load_balancing_policy=RoundRobinPolicy())
    cluster = Cluster(
        [cql_node.host], port=cql_node.port, protocol_version=5, execution_profiles={EXEC_PROFILE_DEFAULT: profile})
    yield cluster
    cluster.shutdown()


@pytest.fixture
def cassandra_session(cassandra_cluster):
    """A session with a keyspace of its own, which is dropped after the test."""
    session = cassandra_cluster.connect()
    keyspace = f"test_{next(_numbers)}"
    session.execute(
        f"CREATE KEYSPACE {keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}")
    session.set_keyspace(keyspace)
    yield session
    session.execute(f"DROP KEYSPACE {keyspace}")
    session.shutdown()
