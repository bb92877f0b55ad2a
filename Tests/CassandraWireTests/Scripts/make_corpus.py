"""Makes the seeds of the fuzz targets FuzzWireRequest, FuzzWireResponse and FuzzWireValue from the fixtures.

    python3 make_corpus.py

A message is preceded by its version, its opcode and its flags, a cell by its type as metadata have it.
"""
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES, CORPUS = HERE.parent / "Fixtures", HERE.parents[2] / "Fuzz" / "Corpus"
SEEN = set()


def lines(name):
    for line in (FIXTURES / name).read_text(encoding="utf-8").split("\n"):
        if line and not line.startswith("#"):
            yield line


def data(digits):
    return b"" if digits == "-" else bytes.fromhex(digits)


def write(kind, name, seed):
    if (kind, seed) not in SEEN:
        SEEN.add((kind, seed))
        folder = CORPUS / f"Wire{kind}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(seed)


def messages(kind, fixture, is_wanted):
    for line in lines(fixture):
        name, version, opcode, flags, body = line.split()
        if is_wanted(name, int(version)):
            write(kind, f"{name}-v{version}", bytes([int(version), int(opcode), int(flags)]) + data(body))


def cells():
    index = 0
    for line in lines("cassandra-json.txt"):
        first, rest = line.split(" ", 1)
        if first == "T":
            index, option, number = index + 1, data(rest), 0
        else:
            number += 1
            if number in (1, 3):
                write("Value", f"{index:03}-{number}", option + data(first))


# What differs between the versions is wanted in all of them.
OLDER = ("error-read-failure", "error-cas", "prepared-everything", "rows-changed", "event-function-created")
messages("Request", "driver-requests.txt", lambda name, version: version != 4)
for recording in ("cassandra-bodies.txt", "cassandra-encoded.txt"):
    messages("Response", recording, lambda name, version: version == 5 or name.startswith(OLDER))
cells()
