"""How the C library gives memory back. Its defaults are for programs with few threads and keep for each thread what it once used."""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of glibc's mallopt
LARGE = 128 * 1024  # bytes that are mapped by themselves, and unmapped when they are freed
ARENAS = 2  # one a core of a small machine: what one thread has freed, another uses again


def keep_small() -> None:
    """Let freed memory go back to the machine, or to the next thread; to be called before there are any. Does nothing without glibc.

    By itself glibc raises its threshold to the largest block ever freed, so that each of sixteen threads keeps the 19 MiB of a password
    check, and a megabyte of every page.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in ((_MMAP_THRESHOLD, LARGE), (_TRIM_THRESHOLD, LARGE), (_ARENA_MAX, ARENAS)):
            mallopt(option, value)
