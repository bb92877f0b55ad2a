"""A node of ours that keeps nothing, and as much of a client of the native protocol (version 4) as the measurements need."""
import os
import pathlib
import socket
import struct
import subprocess
import time

import serving


def frame(opcode, body, stream=0):
    return struct.pack(">BBhBI", 4, 0, stream, opcode, len(body)) + body


def query(text, stream=0):
    return frame(7, struct.pack(">I", len(text)) + text.encode() + struct.pack(">HB", 1, 0), stream)


STARTUP = frame(1, struct.pack(">H", 1) + b"\0\x0bCQL_VERSION\0\x053.0.0")


class Client:
    """A client of the node that waits for each answer."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.ask(STARTUP)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise EOFError("the node has closed the connection")
            data += piece
        return data

    def ask(self, request):
        self.socket.sendall(request)
        head = self.exactly(9)
        body = self.exactly(struct.unpack(">I", head[5:])[0])
        if head[4] == 0:
            raise ValueError(body)


def running_node(directory):
    """A node of its own and its port; NODE names a program that is built already."""
    ready = pathlib.Path(directory) / "ready"
    program = os.environ.get("NODE") or serving.build("cql-node")
    process = subprocess.Popen([program, "--memory", "--port", "0", "--ready-file", str(ready)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not ready.exists() or not ready.read_text().strip():
        time.sleep(0.05)
    return process, int(ready.read_text().strip().rsplit(":", 1)[1])
