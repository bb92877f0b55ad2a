"""A database of one node that speaks CQL, for tests.

    with CQLNode() as node:
        Cluster([node.host], port=node.port).connect()

The program is in this package. It listens on a free port of loopback, keeps nothing, and ends with this process.
"""

import os
import subprocess
import tempfile
import time
from pathlib import Path

__all__ = ["CQLNode"]


def program():
    """The path of cql-node: the one of the variable CQL_NODE, or the one in this package."""
    return os.environ.get("CQL_NODE") or str(Path(__file__).parent / "bin" / "cql-node")


class CQLNode:
    """A node that runs between `start()` and `stop()`, or within a `with` block.

    init: a path of a file of CQL that is carried out at the start.
    data: a directory to keep the data in; nothing is kept without one.
    timeout: seconds that the start may take.
    """

    def __init__(self, *, init=None, data=None, port=0, options=(), timeout=30):
        self._init, self._data, self._port, self._options, self._timeout = init, data, port, list(options), timeout
        self._process = self._folder = None
        self.host = self.port = None

    def start(self):
        """Starts the node, and returns when it answers statements."""
        self._folder = tempfile.TemporaryDirectory(prefix="cql-node-")
        ready = Path(self._folder.name, "ready")
        log = Path(self._folder.name, "log")
        command = [program(), "--port", str(self._port), "--ready-file", str(ready), "--with-parent", *self._options]
        command += ["--data", str(self._data)] if self._data else ["--memory"]
        if self._init:
            command += ["--init", str(self._init)]
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        end = time.monotonic() + self._timeout
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > end:
                text = log.read_text(errors="replace")
                self.stop()
                raise RuntimeError(f"cql-node does not start:\n{text}")
            time.sleep(0.005)
        self.host, _, port = ready.read_text().strip().rpartition(":")
        self.port = int(port)
        return self

    def stop(self):
        """Ends the node; it may be called twice."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    @property
    def contact_point(self):
        """`host:port`."""
        return f"{self.host}:{self.port}"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
