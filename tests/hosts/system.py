"""What the lab asks of the machine: commands, processes, control groups, waits. All calls are bounded in time."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import typing as t
from pathlib import Path

#: The commands that a lab needs and the Debian package of each (tests/requirements/apt.txt installs them).
TOOLS = {
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "mount": "mount",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "unshare": "util-linux",
}


class HostsError(Exception):
    """The lab cannot do what was asked; the text says why and what helps."""


def require(*tools: str) -> None:
    """Raise HostsError unless this process is root and `tools` are installed."""
    if os.geteuid() != 0:
        raise HostsError("test hosts need root: they are made of namespaces and mounts. Run the command with sudo.")
    missing = sorted({TOOLS[tool] for tool in tools if shutil.which(tool) is None})
    if missing:
        raise HostsError(f"missing packages: {' '.join(missing)}. Install them: apt-get install {' '.join(missing)}")


def run(*command: str, stdin: str = "", timeout: float = 30) -> str:
    """Run a command to its end and return its standard output; HostsError with its last words when it fails."""
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        raise HostsError(f"{' '.join(command)}: no end after {timeout:.0f} s") from None
    if done.returncode != 0:
        raise HostsError(f"{' '.join(command)}: exit {done.returncode}: {(done.stderr or done.stdout).strip()[-800:]}")
    return done.stdout


def wait_until(true: t.Callable[[], bool], seconds: float, what: str) -> None:
    """Poll `true` every 50 ms; HostsError("… : not within N s") when the bound is passed."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise HostsError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.05)


def mounts(under: Path) -> list[Path]:
    """Mount points at or below `under` in this process's namespace, deepest first."""
    points = [Path(line.split()[1]) for line in Path("/proc/self/mounts").read_text().splitlines()]
    return sorted((p for p in points if p == under or under in p.parents), key=lambda p: len(p.parts), reverse=True)


def cgroup_root() -> Path:
    """Where control groups version 2 are mounted (also on machines that keep version 1 for the controllers)."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _device, point, kind, options = line.split()[:4]
        if kind == "cgroup2":
            if "ro" in options.split(","):
                raise HostsError(f"{point} is mounted read-only: systemd needs control groups of its own")
            return Path(point)
    raise HostsError("no cgroup2 file system is mounted: systemd needs control groups of its own")


def cgroup_processes(group: Path) -> list[int]:
    """Process ids in `group` and below it; those that end meanwhile are left out."""
    found: list[int] = []
    for listing in [group / "cgroup.procs", *group.rglob("cgroup.procs")]:
        try:
            found += [int(pid) for pid in listing.read_text().split() if pid != "0"]
        except (FileNotFoundError, OSError):  # the group went away between listing and reading
            continue
    return sorted(set(found))


def network_processes(namespaces: t.Iterable[Path]) -> list[int]:
    """Processes in any of the network namespaces, without this process and its ancestors."""
    wanted = {ns.stat().st_ino for ns in namespaces if ns.exists()}
    spared = _ancestors()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in spared:
            continue
        try:
            if (entry / "ns/net").stat().st_ino in wanted:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def process_name(pid: int) -> str:
    """The short name of a process, or "" when it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def is_first_process(pid: int) -> bool:
    """Whether `pid` is process 1 of a process namespace of its own."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    ids = next(line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:"))
    return len(ids) > 1 and ids[-1] == "1"


def _ancestors() -> set[int]:
    pid, found = os.getpid(), set()
    while pid > 0:
        found.add(pid)
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return found
