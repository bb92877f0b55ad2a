"""Benchmarks/Results.md: the last run of each measurement, written by what measures."""
import datetime
import os
import pathlib
import platform
import re
import subprocess

import serving

FILE = serving.ROOT / "Benchmarks" / "Results.md"
SHARED = "API and driver on the same cores as everything else"
OWN_CORE = "API and driver on a core of their own"
LATENCY = "Latency at a fixed rate"
SCALE = "What a request costs as things grow"
SECTIONS = [SHARED, OWN_CORE, LATENCY, SCALE]
HEADING = """\
# Results

Each section is the last run of the command that it names, which writes it. A figure says something beside another one of
the same section only: machines differ by a factor of two, and so does one machine from hour to hour.
"""


def machine():
    """Processor, cores, memory and kernel."""
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1))
    return (f"{model.group(1).strip() if model else platform.machine()}, {os.cpu_count()} cores, "
            f"{memory / 2**20:.0f} GiB, Linux {platform.release()}")


def commit():
    def git(*arguments):
        return subprocess.run(["git", "-C", str(serving.ROOT), *arguments], capture_output=True, text=True).stdout
    changed = [line for line in git("status", "--porcelain").splitlines() if not line.endswith("Benchmarks/Results.md")]
    return (git("rev-parse", "--short=12", "HEAD").strip() or "unknown") + (" with changes" if changed else "")


def sections():
    """What the file has, by title."""
    if not FILE.exists():
        return {}
    parts = re.split(r"^## (.*)\n", FILE.read_text(), flags=re.MULTILINE)[1:]
    return {title: text.strip() for title, text in zip(parts[::2], parts[1::2])}


def write(title, command, database, text):
    """Puts a run in the place of the one before."""
    assert title in SECTIONS, title
    now = datetime.datetime.now(datetime.timezone.utc)
    known = sections()
    known[title] = (f"`{command}`, commit {commit()}, {now:%Y-%m-%d %H:%M} UTC, {machine()}, {database}.\n\n"
                    f"{text.strip()}")
    FILE.write_text(HEADING + "".join(f"\n## {title}\n\n{known[title]}\n" for title in SECTIONS if title in known))
