"""Faults of a host, each with its cure. They happen to the host from outside, as they do in a data centre."""

from __future__ import annotations

import contextlib
import errno
import os
import typing as t

from tests.hosts.lab import Host, Lab
from tests.hosts.service import DATA
from tests.hosts.system import HostsError, cgroup_processes, process_name, run, wait_until

_BALLAST = DATA.parent / ".ballast"
#: No network card has this address: frames to it reach nobody.
_NOBODY = "02:00:00:00:00:fe"
_ETC = f"/{DATA / 'etc'}"


@contextlib.contextmanager
def full_disk(host: Host) -> t.Iterator[None]:
    """The data volume (configuration and logs) has no free byte."""
    ballast = host.root() / _BALLAST
    try:
        with open(ballast, "wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(_DiskFull):
                    while True:
                        _write(file, size)
        yield
    finally:
        (host.root() / _BALLAST).unlink(missing_ok=True)


class _DiskFull(Exception):
    pass


def _write(file: t.BinaryIO, size: int) -> None:
    try:
        if file.write(b"\0" * size) < size:
            raise _DiskFull
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise _DiskFull from None


@contextlib.contextmanager
def read_only(host: Host, path: str = _ETC) -> t.Iterator[None]:
    """The file system at `path` takes no writes; files that a service holds open stay as they are."""
    host.run("mount", "--bind", path, path)
    try:
        host.run("mount", "-o", "remount,bind,ro", path)
        yield
    finally:
        host.run("umount", "--lazy", path)


@contextlib.contextmanager
def cut_off(host: Host, address: str) -> t.Iterator[None]:
    """Packets from the host to `address` of the lab vanish: no refusal, no answer. Open connections hang."""
    host.run("ip", "neighbour", "replace", address, "lladdr", _NOBODY, "dev", "eth0", "nud", "permanent")
    try:
        yield
    finally:
        host.run("ip", "neighbour", "delete", address, "dev", "eth0")


@contextlib.contextmanager
def cut_off_controller(lab: Lab, address: str) -> t.Iterator[None]:
    """What runs in the lab's own network cannot reach `address`, which is one of its own; the hosts can."""
    rules = ["rule add pref 2 lookup local", f"rule add pref 1 iif lo to {address} unreachable", "rule del pref 0"]
    run("ip", "-n", lab.network, "-batch", "-", stdin="".join(f"{rule}\n" for rule in rules))
    try:
        yield
    finally:
        rules = ["rule add pref 0 lookup local", "rule del pref 1", "rule del pref 2"]
        run("ip", "-n", lab.network, "-batch", "-", stdin="".join(f"{rule}\n" for rule in rules))


@contextlib.contextmanager
def frozen(host: Host) -> t.Iterator[None]:
    """The host hangs: no process of it runs, its connections stay open."""
    freezer = host.cgroup / "cgroup.freeze"
    events = host.cgroup / "cgroup.events"
    freezer.write_text("1")
    try:
        wait_until(lambda: "frozen 1" in events.read_text(), 10, f"{host.name}: freeze")
        yield
    finally:
        freezer.write_text("0")


def kill(host: Host, name: str) -> int:
    """SIGKILL every process called `name` on the host (sshd, java); returns how many. systemd may restart them."""
    killed = 0
    for pid in cgroup_processes(host.cgroup):
        if process_name(pid) == name:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
                killed += 1
    return killed


#: By the names of `python -m tests.hosts fault`.
FAULTS: dict[str, t.Callable[..., contextlib.AbstractContextManager[None]]] = {
    "cut-off": cut_off,
    "frozen": frozen,
    "full-disk": full_disk,
    "read-only": read_only,
}


def fault(host: Host, name: str, *arguments: str) -> contextlib.AbstractContextManager[None]:
    """The fault called `name`, as a context: it lasts as long as the block."""
    if name not in FAULTS:
        raise HostsError(f"no fault {name!r}; there are: {', '.join(FAULTS)}")
    return FAULTS[name](host, *arguments)
