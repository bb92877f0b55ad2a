#!/usr/bin/env python3
"""Asks a Cassandra 5.0 what it thinks of each statement in statements.txt and writes its answers to answers.tsv.

How to run it, with a Cassandra at 127.0.0.1:9042:

    python3 -m venv VENV && VENV/bin/pip install cassandra-driver
    VENV/bin/python Tests/CQLLanguageTests/Corpus/ask_cassandra.py

Statements are only prepared, never executed, so nothing in the database changes. A line of answers.tsv belongs to the
statement in the same place of statements.txt: "A" for a statement that the grammar has, whatever else may be wrong with
it; "S", a tab and the message for one that it does not have; "X" and the message where the parser failed with an
exception instead of an answer of its own.
"""

import os
import re
import sys

from cassandra import AlreadyExists, FunctionFailure, InvalidRequest, Unauthorized
from cassandra.cluster import Cluster, ExecutionProfile, EXEC_PROFILE_DEFAULT
from cassandra.protocol import ConfigurationException, ServerError, SyntaxException

HERE = os.path.dirname(os.path.abspath(__file__))

PARSER_EXCEPTION = re.compile(r"Failed parsing statement: .* reason: (?!NumberFormatException)", re.S)


def unescape(line):
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "r": "\r", "t": "\t"}.get(m[1], m[1]), line)


def escape(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")


def answer(session, statement):
    try:
        session.prepare(statement)
        return "A"
    except SyntaxException as error:
        message = error.message
        if PARSER_EXCEPTION.match(message):
            return "X\t" + escape(message)
        return "S\t" + escape(message)
    except ServerError as error:
        return "X\t" + escape(error.message)
    except (AlreadyExists, ConfigurationException, FunctionFailure, InvalidRequest, Unauthorized):
        return "A"


def main():
    host, port = (sys.argv[1:] + ["127.0.0.1", "9042"])[:2] if len(sys.argv) > 2 else ("127.0.0.1", 9042)
    profile = ExecutionProfile(request_timeout=30)
    cluster = Cluster(
        [host], port=int(port), protocol_version=5, execution_profiles={EXEC_PROFILE_DEFAULT: profile}
    )
    session = cluster.connect()
    with open(os.path.join(HERE, "statements.txt"), encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file]
    statements = [unescape(line) for line in lines if line and not line.startswith("#")]
    answers = [answer(session, statement) for statement in statements]
    cluster.shutdown()
    with open(os.path.join(HERE, "answers.tsv"), "w", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in answers))
    counts = {kind: sum(a[0] == kind for a in answers) for kind in "ASX"}
    print(f"{len(answers)} statements: {counts}")


if __name__ == "__main__":
    main()
