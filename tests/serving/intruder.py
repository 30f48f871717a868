"""What another user of the machine tries on a server; a program, read from stdin.

It runs with the standard library of whatever Python the machine has, and says as JSON
what was tried and how it ended: "granted", or why not.
"""

import itertools
import json
import os
import socket
import struct
import sys
from pathlib import Path

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SERVICE = "/inference.GRPCInferenceService/"
PATIENCE = 30.0


def connect(address):
    if isinstance(address, str):
        link = socket.socket(socket.AF_UNIX)
    else:
        link = socket.socket()
        address = tuple(address)
    link.settimeout(PATIENCE)
    link.connect(address)
    return link


# ---- HTTP/1.1 -----------------------------------------------------------------------


def http(address, method, path, body=b"", lines=(b"Host: localhost",)):
    """Send a request as it is written here, and return the status."""
    with connect(address) as link:
        head = [b"%s %s HTTP/1.1" % (method.encode(), path.encode()), *lines]
        head.append(b"Content-Length: %d" % len(body))
        link.sendall(b"\r\n".join(head) + b"\r\n\r\n" + body)
        answer = link.recv(4096)
    if not answer:
        return "closed"
    status = answer.split(b" ", 2)[1].decode()
    return "granted" if status == "200" else status


# ---- gRPC, which is HTTP/2 ----------------------------------------------------------


def frame(kind, flags, stream, payload):
    return (
        struct.pack(">I", len(payload))[1:]
        + struct.pack(">BBI", kind, flags, stream)
        + payload
    )


def text(value):
    """Write a text as HPACK has it: its length, in pieces of 7 bits, and its bytes."""
    length, head = len(value), b""
    if length < 127:
        return bytes([length]) + value
    length -= 127
    while length >= 128:
        head, length = head + bytes([length % 128 + 128]), length // 128
    return b"\x7f" + head + bytes([length]) + value


def grpc(address, call, message=b"", extra=()):
    """Make a call; granted is what was answered with a message."""
    fields = [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", (SERVICE + call).encode()),
        (b":authority", b"localhost"),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
        *extra,
    ]
    head = b"".join(b"\x00" + text(name) + text(value) for name, value in fields)
    data = b"\x00" + struct.pack(">I", len(message)) + message
    with connect(address) as link:
        link.sendall(
            PREFACE + frame(4, 0, 0, b"") + frame(1, 4, 1, head) + frame(0, 1, 1, data)
        )
        return outcome(link)


def outcome(link):
    """Read frames until the stream ends, or something is said of it."""
    heard = b""
    while True:
        while len(heard) < 9 or len(heard) < 9 + int.from_bytes(heard[:3], "big"):
            try:
                more = link.recv(65536)
            except OSError as error:
                return type(error).__name__
            if not more:
                return "closed"
            heard += more
        size, kind, flags = int.from_bytes(heard[:3], "big"), heard[3], heard[4]
        heard = heard[9 + size :]
        if kind == 0 and size >= 5:
            return "granted"
        if kind in (3, 7):
            return "reset"
        if kind == 1 and flags & 1:
            return "refused"


# ---- protocol buffers ---------------------------------------------------------------


def field(number, value):
    if isinstance(value, int):
        return bytes([number << 3, value])
    if isinstance(value, str):
        value = value.encode()
    size, head = len(value), b""
    while size >= 128:
        head, size = head + bytes([size % 128 + 128]), size // 128
    return bytes([number << 3 | 2]) + head + bytes([size]) + value


def load_message(model, **parameters):
    kinds = {str: 3, bytes: 4}
    return field(2, model) + b"".join(
        field(3, field(1, name) + field(2, field(kinds[type(value)], value)))
        for name, value in parameters.items()
    )


# ---- what is tried ------------------------------------------------------------------


def words_shown(program):
    """Return the words of the process list that may be keys, with all as values."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if program in command[0]:
            found += [word for word in command if b"restricted" in word]
    pairs = []
    for word in found:
        rest = word.partition(b"=")[2]
        whole, _, value = rest.rpartition(b"=")
        key = whole.partition(b":")[2]
        keys = {key, whole, key.replace(b":", b" "), *whole.split(b":")}
        values = {value, key, b"=".join([key, value]), rest}
        pairs += itertools.product(sorted(keys), sorted(values))
    return sorted(set(pairs))


def http_calls(model, mark):
    program = f"open({mark!r}, 'w').close()"
    config = json.dumps({"name": "evil", "backend": "python", "max_batch_size": 0})
    files = {"config": config, "file:1/model.py": program}
    region = {"key": "/" + model, "offset": 0, "byte_size": 64}
    raw = {"raw_handle": {"b64": "AAAA"}, "device_id": 0, "byte_size": 64}
    calls = [
        ("POST", "/v2/repository/index", {}),
        ("POST", f"/v2/repository/models/{model}/load", {}),
        ("POST", f"/v2/repository/models/{model}/unload", {}),
        ("POST", "/v2/repository/models/evil/load", {"parameters": files}),
        (
            "POST",
            f"/v2/repository/models/{model}/load",
            {"parameters": {"config": config}},
        ),
        ("GET", "/v2/systemsharedmemory/status", None),
        ("GET", "/v2/systemsharedmemory/region/a/status", None),
        ("POST", "/v2/systemsharedmemory/region/a/register", region),
        ("POST", "/v2/systemsharedmemory/region/a/unregister", {}),
        ("POST", "/v2/systemsharedmemory/unregister", {}),
        ("GET", "/v2/cudasharedmemory/status", None),
        ("POST", "/v2/cudasharedmemory/region/a/register", raw),
        ("POST", "/v2/cudasharedmemory/region/a/unregister", {}),
        ("POST", "/v2/cudasharedmemory/unregister", {}),
        ("GET", "/v2/logging", None),
        ("POST", "/v2/logging", {"log_verbose_level": 1}),
        ("GET", "/v2/trace/setting", None),
        ("POST", "/v2/trace/setting", {"trace_level": ["TIMESTAMPS"]}),
        ("GET", f"/v2/models/{model}/trace/setting", None),
        (
            "POST",
            f"/v2/models/{model}/trace/setting",
            {"trace_file": mark, "trace_level": ["TIMESTAMPS"]},
        ),
    ]
    for method, path, body in calls:
        yield method, path, b"" if body is None else json.dumps(body).encode()


def grpc_calls(model, mark):
    program = f"open({mark!r}, 'w').close()".encode()
    config = json.dumps({"name": "evil", "backend": "python", "max_batch_size": 0})
    level = field(1, "trace_level") + field(2, field(1, "TIMESTAMPS"))
    verbose = field(1, "log_verbose_level") + field(2, field(2, 1))
    region = field(1, "a") + field(2, "/" + model) + field(3, 0) + field(4, 64)
    return [
        ("RepositoryIndex", b""),
        ("RepositoryModelLoad", field(2, model)),
        ("RepositoryModelLoad", load_message(model, config=config)),
        (
            "RepositoryModelLoad",
            load_message("evil", **{"config": config, "file:1/model.py": program}),
        ),
        ("RepositoryModelUnload", field(2, model)),
        ("SystemSharedMemoryStatus", b""),
        ("SystemSharedMemoryRegister", region),
        ("SystemSharedMemoryUnregister", b""),
        ("CudaSharedMemoryStatus", b""),
        (
            "CudaSharedMemoryRegister",
            field(1, "a") + field(2, b"AAAA") + field(3, 0) + field(4, 64),
        ),
        ("CudaSharedMemoryUnregister", b""),
        ("TraceSetting", b""),
        ("TraceSetting", field(1, level)),
        ("TraceSetting", field(1, level) + field(2, model)),
        ("LogSettings", b""),
        ("LogSettings", field(1, verbose)),
    ]


FOREIGN = (
    (b"Host: localhost",),
    (
        b"Host: evil.example",
        b"Origin: https://evil.example",
        b"Content-Type: text/plain",
    ),
    (b"Host: localhost", b"Content-Type: application/x-www-form-urlencoded"),
)


def spellings(key, value):
    """Write a header in every way that might pass for one."""
    return [
        b"%s: %s" % (key, value),
        b"%s:%s" % (key, value),
        b"%s : %s" % (key, value),
        b'"%s": %s' % (key, value),
        b"%s: %s" % (key.replace(b":", b"%3A"), value),
        b"%s: %s" % (key.replace(b":", b"\\:"), value),
        b"X: y\r\n %s: %s" % (key, value),
    ]


def attempt(function, *arguments):
    try:
        return function(*arguments)
    except OSError as error:
        return type(error).__name__


def control(job):
    """Try every control call, plainly and with what the process list shows."""
    pairs = words_shown(job["program"].encode()) if job["keys"] else []
    tried = {}
    for method, path, body in http_calls(job["model"], job["mark"]):
        for lines in FOREIGN:
            tried[f"{len(tried)} http {method} {path}"] = attempt(
                http, job["http"], method, path, body, lines
            )
    for call, message in grpc_calls(job["model"], job["mark"]):
        tried[f"{len(tried)} grpc {call}"] = attempt(grpc, job["grpc"], call, message)
    for key, value in pairs:
        for line in spellings(key, value):
            tried[f"{len(tried)} http index {line!r}"] = attempt(
                http,
                *(job["http"], "POST", "/v2/repository/index", b"{}"),
                (b"Host: localhost", line),
            )
        for name in (b"triton-grpc-protocol-" + key, key):
            tried[f"{len(tried)} grpc RepositoryIndex {name!r} {value!r}"] = attempt(
                grpc, job["grpc"], "RepositoryIndex", b"", ((name, value),)
            )
    return tried, len(pairs)


def reach(job):
    """Try to read and to write each of some paths, and the server's process."""
    tried = {}
    for path in map(Path, job["paths"]):
        for name, flags in (("read", os.O_RDONLY), ("write", os.O_WRONLY)):
            tried[f"{name} {path}"] = attempt(touch, path, flags)
    folder = Path(job["folder"])
    tried[f"list {folder}"] = attempt(look, folder)
    tried[f"create in {folder}"] = attempt(
        touch, folder / "intruder", os.O_WRONLY | os.O_CREAT
    )
    tried[f"rename {folder}"] = attempt(move, folder)
    for name in ("environ", "mem", "root", "fd", "cwd", "maps"):
        place = Path("/proc", str(job["pid"]), name)
        tried[f"read {place}"] = attempt(look, place)
    return tried


def touch(path, flags):
    os.close(os.open(path, flags | os.O_NONBLOCK, 0o600))
    return "granted"


def look(path):
    if path.is_symlink():
        path.readlink()
    elif path.is_dir():
        list(path.iterdir())
    else:
        with path.open("rb") as file:
            file.read(1)
    return "granted"


def move(path):
    path.rename(path.with_name(path.name + "x"))
    return "granted"


def main():
    job = json.loads(sys.argv[1])
    facts = {"uid": os.getuid()}
    facts["control"], facts["pairs"] = control(job)
    facts["reach"] = reach(job)
    facts["allowed"] = {
        "http live": attempt(http, job["http"], "GET", "/v2/health/live"),
        "grpc live": attempt(grpc, job["grpc"], "ServerLive"),
    }
    sys.stdout.write(json.dumps(facts))


main()
