"""What the measurements share: an API that runs, and what the kernel says of its process. Linux only."""
import contextlib
import functools
import os
import pathlib
import socket
import struct
import subprocess
import time
import urllib.error
import urllib.request

import cores

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASSANDRA = os.environ.get("CASSANDRA", "127.0.0.1:9042")
DATACENTER = os.environ.get("CASSANDRA_LOCAL_DATACENTER", "datacenter1")
PEERS = pathlib.Path(os.environ.get("PEERS", ROOT.parent / "shared" / "peers"))
TICK = os.sysconf("SC_CLK_TCK")
EVERYWHERE = cores.Placing(False)
POST = (b'{"genus":"Bench","species":"s%d","image_url":"https://imgur.com/F66x0Pt","size_cm":0.12,"sightings":2,'
        b'"taxonomy":["Arthropoda","Arachnida","Aranea","Salticidae"]}')


def settings():
    """The environment of our API: the database and nothing else, so that it runs as it does for everybody."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("CASSANDRA", "FIELDGUIDE"))}
    return {**known, "CASSANDRA_CONTACT_POINTS": CASSANDRA, "CASSANDRA_LOCAL_DATACENTER": DATACENTER}


@functools.cache
def build(product):
    """Builds a program of the package, unless BUILD=no says that it is there; those of Benchmarks/ are part of the package
    where the environment asks for them. Returns its path."""
    if os.environ.get("BUILD") != "no":
        subprocess.run([ROOT / "Scripts" / "release", product], check=True, stdout=subprocess.DEVNULL,
                       env=os.environ | {"CASSANDRA_BENCHMARKS": "1"})
    return str(ROOT / ".build" / "release" / product)


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
def our_api(binary, placing=EVERYWHERE, log=None, **extra):
    port = free_port()
    command = placing.command([binary, "serve", "--port", str(port)])
    with running(command, port, {**settings(), **extra}, log) as process:
        yield process.pid, port


@contextlib.contextmanager
def rust_api(placing=EVERYWHERE):
    port = free_port()
    environment = {**os.environ, "PORT": str(port), "CASSANDRA_CONTACT_POINTS": CASSANDRA}
    with running(placing.command([str(PEERS / "bin" / "api-rust")]), port, environment) as process:
        yield process.pid, port


def api(who, binary, placing=EVERYWHERE):
    return our_api(binary, placing) if who == "ours" else rust_api(placing)


def require_peers():
    if not (PEERS / "bin").is_dir():
        raise SystemExit(f"there are no peers at {PEERS}; PEERS=DIR names another place")


def prepare():
    """Makes the tables and rows of the routes that are measured."""
    subprocess.run([build("fieldguide"), "init"], env=settings(), check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def process_name(port):
    """What the program that listens at a port of this machine is called; empty when it is on another one."""
    pid = cores.owner(port)
    return pathlib.Path(f"/proc/{pid}/comm").read_text().strip() if pid else ""


def allocation_counter(folder):
    """Builds the library that counts allocations when it is preloaded; returns its path."""
    library = f"{folder}/allocations.so"
    subprocess.run(["clang", "-O2", "-shared", "-fPIC", "-o", library,
                    str(ROOT / "Benchmarks" / "Scripts" / "allocations.c")], check=True)
    return library


def allocated(file):
    """Allocations of a process so far, and the bytes that they asked for."""
    return struct.unpack("QQ", pathlib.Path(file).read_bytes()[:16])


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024 / 1e6
    raise SystemExit("the process has gone")
