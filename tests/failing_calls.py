"""Calls of the operating system that fail where a real one cannot be made to."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

_SOURCE: Final = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

/* "ERRNO" fails every call, "ERRNO:N" all from the N-th on, since it was set. */
static int fails(const char *variable, int *calls)
{
    char *end, *text = getenv(variable);
    if (!text) return *calls = 0;
    int number = strtol(text, &end, 10);
    int first = *end == ':' ? atoi(end + 1) : 1;
    if (++*calls < first) return 0;
    errno = number;
    return 1;
}

int flock(int file, int operation)
{
    static int calls, (*real)(int, int);
    if (fails("FAIL_FLOCK", &calls)) return -1;
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "flock");
    return real(file, operation);
}

int fsync(int file)
{
    static int calls, (*real)(int);
    if (fails("FAIL_FSYNC", &calls)) return -1;
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "fsync");
    return real(file);
}

int renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
    static int calls, (*real)(int, const char *, int, const char *, unsigned);
    if (fails("FAIL_RENAMEAT2", &calls)) return -1;
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "renameat2");
    return real(a, from, b, to, flags);
}
"""


def library(folder: Path) -> Path:
    """Return a library to preload; FAIL_FLOCK=37 in the environment has flock fail."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no compiler for calls that fail")
    source, built = folder / "failing.c", folder / "failing.so"
    source.write_text(_SOURCE)
    command = [compiler, "-shared", "-fPIC", "-o", str(built), str(source), "-ldl"]
    subprocess.run(command, check=True, timeout=60)
    return built
