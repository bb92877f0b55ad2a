"""The database that a measurement runs against."""
import contextlib
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

import serving


class Connection:
    """The native protocol v4, one request at a time."""

    def __init__(self, port, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name, value = b"CQL_VERSION", b"3.0.0"
        self.ask(1, struct.pack(">HH", 1, len(name)) + name + struct.pack(">H", len(value)) + value)

    def ask(self, opcode, body):
        self.socket.sendall(struct.pack(">BBhBi", 4, 0, 0, opcode, len(body)) + body)
        head = self.receive(9)
        body = self.receive(struct.unpack(">i", head[5:])[0])
        if head[4] == 0:
            raise RuntimeError(body[6:].decode(errors="replace"))
        return body

    def receive(self, count):
        bytes = b""
        while len(bytes) < count:
            piece = self.socket.recv(count - len(bytes))
            if not piece:
                raise RuntimeError("the server ended the connection")
            bytes += piece
        return bytes

    def query(self, text):
        text = text.encode()
        return self.ask(7, struct.pack(">i", len(text)) + text + b"\0\1\0")

    def release(self):
        """Which release of Cassandra it says it is: the one cell of the answer, which stands at its end."""
        answer = self.query("SELECT release_version FROM system.local")
        return re.search(rb"[\x20-\x7e]+$", answer).group().decode()


def describe(address):
    """The database at an address, for a heading."""
    host, port = address.rsplit(":", 1)
    release = Connection(int(port), host).release()
    process = serving.process_name(int(port))
    return f"cql-node ({release})" if process == "cql-node" else f"Cassandra {release}"


@contextlib.contextmanager
def database(rows=0):
    """The database at CASSANDRA; for `node` a cql-node is started, filled, and removed afterwards.

    `rows`: how many plants of the genus Million one that is started here is to have."""
    if serving.CASSANDRA != "node":
        yield serving.CASSANDRA
        return
    folder = tempfile.mkdtemp(prefix="cql-node-")
    process = subprocess.Popen([serving.build("cql-node"), "--port", "0", "--data", folder], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    try:
        greeting = process.stdout.readline()
        serving.CASSANDRA = "127.0.0.1:" + re.search(r"listening at [^ ]*:(\d+),", greeting).group(1)
        if rows:
            print(f"filling the node with {rows:,} rows", file=sys.stderr)
            subprocess.run([serving.build("driver-bench"), serving.CASSANDRA, "load", str(rows), "256"],
                           check=True, stdout=subprocess.DEVNULL)
        yield serving.CASSANDRA
    finally:
        process.terminate()
        process.wait(60)
        serving.CASSANDRA = os.environ.get("CASSANDRA", "127.0.0.1:9042")
        shutil.rmtree(folder, ignore_errors=True)
