"""usage: build_wheel.py FOLDER VERSION OUTPUT

Packs the folder's cql_node, with the program in it, as a wheel for this platform. A wheel is a zip with a list of its
files; nothing but Python's own library is needed.
"""

import base64
import hashlib
import os
import platform
import sys
import sysconfig
import zipfile
from pathlib import Path

METADATA = """Metadata-Version: 2.1
Name: cql-node
Version: {version}
Summary: A database of one node that speaks CQL, for tests, with fixtures for pytest
License: Apache-2.0
Requires-Python: >=3.9
Provides-Extra: driver
Requires-Dist: cassandra-driver; extra == 'driver'
Description-Content-Type: text/markdown

`with CQLNode() as node:` starts one on a free port of loopback; the fixture `cassandra_session` of pytest gives each test
a keyspace of its own.
"""


def tag():
    """The platform's tag. On Linux the program needs this system's C library or a newer one."""
    if sys.platform == "linux":
        name, version = platform.libc_ver()
        if name == "glibc":
            return f"manylinux_{version.replace('.', '_')}_{platform.machine()}"
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")


def main():
    folder, version, output = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    info = f"cql_node-{version}.dist-info"
    wheel = f"Wheel-Version: 1.0\nGenerator: swift-cassandra\nRoot-Is-Purelib: false\nTag: py3-none-{tag()}\n"
    files = {path.relative_to(folder).as_posix(): path.read_bytes()
             for path in sorted(folder.glob("cql_node/**/*")) if path.is_file() and path.suffix != ".pyc"}
    files[f"{info}/METADATA"] = METADATA.format(version=version).encode()
    files[f"{info}/WHEEL"] = wheel.encode()
    files[f"{info}/entry_points.txt"] = b"[pytest11]\ncql_node = cql_node.pytest_plugin\n"
    for name in ("LICENSE", "NOTICE"):
        files[f"{info}/{name}"] = (folder / name).read_bytes()
    record = []
    path = output / f"cql_node-{version}-py3-none-{tag()}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100755 if "/bin/" in name else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(content)}")
        record.append(f"{info}/RECORD,,")
        archive.writestr(f"{info}/RECORD", "\n".join(record) + "\n")
    print(path, f"{os.path.getsize(path) / 1_000_000:.1f} MB")


main()
