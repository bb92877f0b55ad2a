"""The native protocol over a plain socket, just enough to record what a real Cassandra sends.

Nothing here is shared with the Swift code or with a driver, so that a recording shows the server's bytes and no one's
idea of them. Used by the record_*.py scripts beside it.
"""
import socket
import struct
import zlib

OPTIONS, STARTUP, QUERY, PREPARE, EXECUTE, REGISTER, BATCH = 5, 1, 7, 9, 10, 11, 13
ERROR, RESULT, EVENT = 0, 8, 12
ROWS, PREPARED = 2, 4


def crc24(data):
    crc = 0x875060
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= 0x1974F0B
    return crc & 0xFFFFFF


def crc32(data):
    return zlib.crc32(data, zlib.crc32(b"\xfa\x2d\x55\xca"))


def short(n):
    return struct.pack(">H", n)


def integer(n):
    return struct.pack(">i", n)


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return short(len(data)) + data


def long_string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return integer(len(data)) + data


def value(data):
    return integer(-1) if data is None else integer(len(data)) + data


class Connection:
    def __init__(self, version, host, port):
        self.version = version
        self.socket = socket.create_connection((host, port), timeout=20)
        self.is_framed = False
        self.received = b""
        self.payload = b""
        opcode, _, body = self.request(STARTUP, short(1) + string("CQL_VERSION") + string("3.0.0"))
        if opcode != 2:
            raise RuntimeError(f"STARTUP was answered by {opcode}: {body!r}")
        self.is_framed = version >= 5

    def send(self, opcode, body, flags=0):
        envelope = struct.pack(">BBhBI", self.version, flags, 1, opcode, len(body)) + body
        if not self.is_framed:
            return self.socket.sendall(envelope)
        limit = 131071
        for start in range(0, len(envelope), limit):
            part = envelope[start:start + limit]
            header = struct.pack("<I", len(part) | (len(envelope) <= limit) << 17)[:3]
            header += struct.pack("<I", crc24(header))[:3]
            self.socket.sendall(header + part + struct.pack("<I", crc32(part)))

    def _bytes(self, count):
        while len(self.received) < count:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError("the server closed the connection")
            self.received += data
        result, self.received = self.received[:count], self.received[count:]
        return result

    def _read(self, count):
        if not self.is_framed:
            return self._bytes(count)
        while len(self.payload) < count:
            header = self._bytes(6)
            self.payload += self._bytes(int.from_bytes(header[:3], "little") & 0x1FFFF)
            self._bytes(4)
        result, self.payload = self.payload[:count], self.payload[count:]
        return result

    def receive(self):
        _, flags, _, opcode, length = struct.unpack(">BBhBI", self._read(9))
        return opcode, flags, self._read(length)

    def request(self, opcode, body, flags=0):
        self.send(opcode, body, flags)
        return self.receive()

    def flags(self, bits):
        return integer(bits) if self.version >= 5 else bytes([bits])

    def query(self, text, consistency=1, bits=0, tail=b"", flags=0):
        body = long_string(text) + short(consistency) + self.flags(bits) + tail
        return self.request(QUERY, body, flags)

    def run(self, text):
        """Runs a statement that has to succeed."""
        opcode, _, body = self.query(text)
        if opcode == ERROR:
            raise RuntimeError(f"{text}: {body!r}")
        return body

    def prepare(self, text):
        return self.request(PREPARE, long_string(text) + (integer(0) if self.version >= 5 else b""))

    def execute(self, prepared, consistency=1, bits=0, tail=b"", flags=0):
        """Runs a statement by the body of the answer to its preparation."""
        length, = struct.unpack_from(">H", prepared, 4)
        ids = prepared[4:6 + length]
        if self.version >= 5:
            start = 6 + length
            length, = struct.unpack_from(">H", prepared, start)
            ids += prepared[start:start + 2 + length]
        return self.request(EXECUTE, ids + short(consistency) + self.flags(bits) + tail, flags)

    def values(self, *values):
        return short(len(values)) + b"".join(value(v) for v in values)


class Rows:
    """The options of the columns' types and the cells of a RESULT of kind Rows."""

    def __init__(self, body):
        self.body = body
        self.at = 4
        flags, count = self.int(), self.int()
        if flags & 2:
            self.part()
        if flags & 8:
            self.string()
        if flags & 1:
            self.string(), self.string()
        self.names, self.types = [], []
        for _ in range(count):
            if not flags & 1:
                self.string(), self.string()
            self.names.append(self.string())
            start = self.at
            self.option()
            self.types.append(body[start:self.at])
        self.rows = [[self.part() for _ in range(count)] for _ in range(self.int())]

    def int(self):
        self.at += 4
        return struct.unpack_from(">i", self.body, self.at - 4)[0]

    def short(self):
        self.at += 2
        return struct.unpack_from(">H", self.body, self.at - 2)[0]

    def string(self):
        length = self.short()
        self.at += length
        return self.body[self.at - length:self.at].decode()

    def part(self):
        length = self.int()
        if length < 0:
            return None
        self.at += length
        return self.body[self.at - length:self.at]

    def option(self):
        kind = self.short()
        if kind == 0:
            self.string()
        elif kind in (0x20, 0x22):
            self.option()
        elif kind == 0x21:
            self.option(), self.option()
        elif kind == 0x30:
            self.string(), self.string()
            for _ in range(self.short()):
                self.string(), self.option()
        elif kind == 0x31:
            for _ in range(self.short()):
                self.option()
