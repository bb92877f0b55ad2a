"""What the measurements share: an API that runs, and what the kernel says of its process. Linux only."""
import contextlib
import os
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASSANDRA = os.environ.get("CASSANDRA", "127.0.0.1:9042")
DATACENTER = os.environ.get("CASSANDRA_LOCAL_DATACENTER", "datacenter1")
TICK = os.sysconf("SC_CLK_TCK")


def settings():
    """The environment of our API: the database and nothing else, so that it runs as it does for everybody."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("CASSANDRA", "FIELDGUIDE"))}
    return {**known, "CASSANDRA_CONTACT_POINTS": CASSANDRA, "CASSANDRA_LOCAL_DATACENTER": DATACENTER}


def build(product):
    """Builds a program of the package; those of Benchmarks/ are part of it where the environment asks for them."""
    command = ["swift", "build", "-c", "release", "--package-path", str(ROOT)]
    environment = os.environ | {"CASSANDRA_BENCHMARKS": "1"}
    subprocess.run([*command, "--product", product], check=True, stdout=subprocess.DEVNULL, env=environment)
    found = subprocess.run([*command, "--show-bin-path"], check=True, capture_output=True, text=True,
                           env=environment).stdout.strip()
    return f"{found}/{product}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


@contextlib.contextmanager
def running(command, port, environment, log=None):
    """A process that serves at port, once it answers; what it logs goes to the file `log`."""
    with open(log or os.devnull, "ab") as output:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=output)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                fetch(f"http://127.0.0.1:{port}/animal/Vanessa/atalanta")
                break
            except (urllib.error.URLError, OSError):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{command[0]} does not serve; is the database at {CASSANDRA}, and prepared?")
                time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def our_api(binary, log=None, **extra):
    port = free_port()
    with running([binary, "serve", "--port", str(port)], port, {**settings(), **extra}, log) as process:
        yield process.pid, port


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024 / 1e6
    raise SystemExit("the process has gone")
