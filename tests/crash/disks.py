"""Disks that run out of room on purpose, and have room again."""

import os
import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crash.sizes import IN_FULL

PIECE = b"\0" * 4_096
HOW_TO_MOUNT = "A small disk is mounted by root alone. Run the tests as root, as CI does"


@dataclass
class SmallDisk:
    """A file system of its own, with room for a few megabytes."""

    directory: Path

    def fill(self, _pid: int) -> None:
        """Leave not a byte free."""
        with suppress(OSError), (self.directory / "ballast").open("ab", buffering=0) as ballast:
            while ballast.write(PIECE):
                pass

    def make_room(self, _pid: int) -> None:
        (self.directory / "ballast").unlink()

    def in_command(self) -> None:
        """Nothing to be done: every process meets the same disk."""


@dataclass
class ForbiddenGrowth:
    """A directory like any other, for a process that may write to no file: for machines on which nothing can be mounted."""

    directory: Path

    def fill(self, pid: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def make_room(self, pid: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def in_command(self) -> None:
        """Before a command of its own: it meets the same limit."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def may_mount() -> bool:
    """Whether a disk may be mounted here: by root, unless a container forbids it to root as well."""
    with tempfile.TemporaryDirectory() as directory:
        done = os.geteuid() == 0 and _mount(Path(directory), "64k") == 0
        if done:
            subprocess.run(["umount", directory], check=True)
    return done


def _mount(directory: Path, size: str) -> int:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "tmpfs", str(directory)]
    return subprocess.run(command, capture_output=True, check=False).returncode


@contextmanager
def mounted(directory: Path, size: str) -> Iterator[SmallDisk]:
    """A small disk at the directory, or a skip that says who may mount one."""
    if not may_mount():
        pytest.skip(HOW_TO_MOUNT)
    directory.mkdir()
    assert _mount(directory, size) == 0
    try:
        yield SmallDisk(directory)
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


@contextmanager
def limited(directory: Path, _size: str) -> Iterator[ForbiddenGrowth]:
    directory.mkdir()
    yield ForbiddenGrowth(directory)


KINDS: dict[str, Callable[..., AbstractContextManager[SmallDisk | ForbiddenGrowth]]] = {"small disk": mounted, "no file may grow": limited}


def kinds() -> list[str]:
    """Both when there is time, else the real one where it may be had."""
    return list(KINDS) if IN_FULL else ["small disk" if may_mount() else "no file may grow"]
