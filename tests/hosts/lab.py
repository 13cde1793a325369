"""A lab of hosts: `up` makes it, `down` takes all of it away again, `Lab` finds its parts by their names.

All is found by its name: `down` removes a lab that a killed `up` left half-made just the same.

    network namespace   onlinefs-lab.NAME           the bridge; the controller's side: brokers, emulator, Ansible
                        onlinefs-lab.NAME.HOST      one per host
    control group       onlinefs-lab.NAME/HOST      all of a host's processes
    folder              /run/onlinefs-lab/NAME      a tmpfs: layers, keys, inventory.ini, lab.json, ssh
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from tests.hosts import image, service
from tests.hosts.system import (
    HostsError,
    cgroup_processes,
    cgroup_root,
    is_first_process,
    mounts,
    network_processes,
    require,
    run,
    wait_until,
)

PREFIX = "onlinefs-lab"
FOLDER = Path("/run") / PREFIX
NETWORK = "10.89.8"
#: The controller's addresses on the bridge: the others are for brokers that a test wants to tell apart.
CONTROLLER, *BROKERS = (f"{NETWORK}.{last}" for last in range(1, 6))
MOST_HOSTS = 100
#: Taken from every process of a host: none may touch the machine below it.
DROPPED = ",".join(
    f"-{name}"
    for name in (
        "bpf",
        "mac_admin",
        "mac_override",
        "mknod",
        "perfmon",
        "sys_boot",
        "sys_module",
        "sys_rawio",
        "sys_time",
        "syslog",
        "wake_alarm",
    )
)


class Host:
    """One host of a lab."""

    def __init__(self, lab: Lab, number: int) -> None:
        self.name = f"onlinefs{number}"
        self.address = f"{NETWORK}.{10 + number}"
        self.folder = lab.folder / "hosts" / self.name
        self.network = f"{lab.network}.{self.name}"
        self.cgroup = lab.cgroup / self.name

    def first_process(self) -> int | None:
        """The machine's process id of the host's systemd; None when it does not run."""
        return next((pid for pid in cgroup_processes(self.cgroup) if is_first_process(pid)), None)

    def root(self) -> Path:
        """The host's root directory, as the host sees it at this moment."""
        pid = self.first_process()
        if pid is None:
            raise HostsError(f"{self.name} does not run")
        return Path(f"/proc/{pid}/root")

    def run(self, *command: str, timeout: float = 30) -> str:
        """Run a command on the host as root, without SSH, and return its standard output."""
        pid = self.first_process()
        if pid is None:
            raise HostsError(f"{self.name} does not run")
        path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
        return run("nsenter", f"--target={pid}", "--all", "env", "-i", path, *command, timeout=timeout)

    def state(self) -> str:
        """What systemd says of the host: running, degraded, starting; stopped when it has no process."""
        try:
            return self.run("sh", "-c", "systemctl is-system-running || true").strip()
        except HostsError:
            return "stopped"


class Lab:
    """The parts of a lab, by name. `hosts` are those whose folders exist."""

    def __init__(self, name: str = "default") -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
            raise HostsError(f"lab name {name!r}: use lower case letters, digits and single hyphens")
        self.name = name
        self.folder = FOLDER / name
        self.network = f"{PREFIX}.{name}"
        self.cgroup = cgroup_root() / f"{PREFIX}.{name}"

    @property
    def hosts(self) -> list[Host]:
        folder = self.folder / "hosts"
        numbers = [int(entry.name[len("onlinefs") :]) for entry in folder.iterdir()] if folder.is_dir() else []
        return [Host(self, number) for number in sorted(numbers)]

    def host(self, name: str) -> Host:
        """The host called `name`; HostsError with the names there are when it is none of them."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise HostsError(
            f"lab {self.name} has no host {name!r}; it has: {', '.join(h.name for h in self.hosts) or 'none'}"
        )

    def facts(self) -> dict[str, t.Any]:
        """What users of the lab need; the same is in lab.json. HostsError when there is no such lab."""
        if not self.hosts:
            raise HostsError(f"no lab {self.name}: `python -m tests.hosts up` makes it")
        return {
            "name": self.name,
            "inventory": str(self.folder / "inventory.ini"),
            "ssh": str(self.folder / "ssh"),
            "known_hosts": str(self.folder / "known_hosts"),
            "private_key": str(self.folder / "key"),
            "user": service.LOGIN,
            "network_namespace": self.network,
            "controller": CONTROLLER,
            "brokers": BROKERS,
            "hosts": {host.name: host.address for host in self.hosts},
        }

    def inside(self, *command: str) -> list[str]:
        """The command line that runs `command` in the lab's network."""
        if not Path("/run/netns", self.network).exists():
            raise HostsError(f"no lab {self.name}: `python -m tests.hosts up` makes it")
        return ["nsenter", f"--net=/run/netns/{self.network}", *command]

    @contextlib.contextmanager
    def entered(self) -> t.Iterator[None]:
        """For the block, this thread and all that it starts (threads, processes, sockets) are in the lab's network."""
        with open("/proc/thread-self/ns/net") as outside, open(f"/run/netns/{self.network}") as network:
            _enter(network)
            try:
                yield
            finally:
                _enter(outside)

    def namespaces(self) -> list[Path]:
        """The network namespaces that carry this lab's name."""
        folder = Path("/run/netns")
        names = [self.network, f"{self.network}.onlinefs*"]
        return sorted(path for name in names for path in (folder.glob(name) if folder.is_dir() else ()))

    def leftovers(self) -> list[str]:
        """Everything of this lab that the machine still holds; empty when it is down."""
        return [
            *(f"process {pid}" for pid in self._processes()),
            *(f"network namespace {path.name}" for path in self.namespaces()),
            *(f"mount {point}" for point in mounts(self.folder)),
            *([f"control group {self.cgroup}"] if self.cgroup.exists() else []),
            *([f"folder {self.folder}"] if self.folder.exists() else []),
        ]

    def _processes(self) -> list[int]:
        return sorted({*cgroup_processes(self.cgroup), *network_processes(self.namespaces())})


def up(
    count: int,
    name: str = "default",
    *,
    command: str = "/bin/false",
    consumer: Path | None = None,
    etc: Path | None = None,
    data_size: str = "64m",
    seconds: float = 120,
) -> Lab:
    """Start a lab of `count` hosts and return when sshd answers on all of them, or raise HostsError after `seconds`.

    `command`, `consumer`, `etc`: see service.write_layer. `data_size`: of each host's data volume, as tmpfs takes it.
    """
    require("ip", "mount", "nsenter", "setpriv", "ssh", "ssh-keygen", "unshare")
    if not 1 <= count <= MOST_HOSTS:
        raise HostsError(f"{count} hosts: 1 to {MOST_HOSTS} are possible")
    lower = image.ensure()
    lab = Lab(name)
    left = lab.leftovers()
    if left:
        raise HostsError(
            f"lab {name} is up, or left by a killed run ({left[0]}, …); `python -m tests.hosts down` ends it"
        )
    _more_watches()
    try:
        _folder(lab, count)
        public_key = _keys(lab)
        service.write_layer(lab.folder / "layer", lower, public_key, command, consumer, etc)
        _network(lab)
        for host in lab.hosts:
            _start(host, f"{lab.folder / 'layer'}:{lower}", data_size)
        _wait_for_sshd(lab, seconds)
    except BaseException:
        down(name)
        raise
    return lab


def down(name: str = "default") -> None:
    """End a lab's processes and remove all that it made. A lab that is not there is no error; what stays is one."""
    require("ip", "mount")
    lab = Lab(name)
    # The hosts first, at once: systemd would restart what dies one by one.
    if (lab.cgroup / "cgroup.kill").exists():
        (lab.cgroup / "cgroup.kill").write_text("1")

    def ended() -> bool:
        for pid in lab._processes():
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                continue
        return not lab._processes()

    wait_until(ended, 20, f"lab {name}: end of its processes")
    for namespace in lab.namespaces():
        run("ip", "netns", "delete", namespace.name)
    for group in sorted([lab.cgroup, *lab.cgroup.rglob("*/")], key=lambda path: len(path.parts), reverse=True):
        if group.is_dir():
            group.rmdir()
    for point in mounts(lab.folder):
        wait_until(lambda point=point: _unmounted(point), 10, f"{point}: unmount")
    for folder in (lab.folder, FOLDER):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    left = lab.leftovers()
    if left:
        raise HostsError(f"lab {name}: not removed: {', '.join(left)}")


def _enter(namespace: t.IO[str]) -> None:
    # As os.setns(), which Python has from 3.12 on. CLONE_NEWNET: nothing but a network namespace is taken.
    if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0x40000000) != 0:
        raise HostsError(f"{namespace.name}: {os.strerror(ctypes.get_errno())}")


def _unmounted(point: Path) -> bool:
    # The kernel frees the hosts' own mounts a moment after their last process; until then the folder is busy.
    return subprocess.run(["umount", str(point)], capture_output=True, timeout=30, check=False).returncode == 0


def _folder(lab: Lab, count: int) -> None:
    lab.folder.mkdir(parents=True, mode=0o755)
    run("mount", "-t", "tmpfs", "-o", "mode=755,size=75%", lab.network, str(lab.folder))
    for number in range(1, count + 1):
        host = Host(lab, number)
        for part in ("upper", "work", "root"):
            (host.folder / part).mkdir(parents=True)


def _keys(lab: Lab) -> str:
    """Make the login's key and every host's, and the files that Ansible reads. Returns the login's public key."""
    known = []
    _key(lab.folder / "key", "controller")
    names = "".join(f"{host.address} {host.name}\n" for host in lab.hosts)
    for host in lab.hosts:
        etc = host.folder / "upper/etc"
        (etc / "ssh").mkdir(parents=True)
        kind, key, _comment = _key(etc / "ssh/ssh_host_ed25519_key", host.name).split()
        known.append(f"{host.address} {kind} {key}\n")
        (etc / "hostname").write_text(f"{host.name}\n")
        (etc / "hosts").write_text(f"127.0.0.1 localhost\n{CONTROLLER} controller\n{names}")
    (lab.folder / "known_hosts").write_text("".join(known))
    (lab.folder / "control").mkdir(mode=0o700)
    for tool, program in {"ssh": "ssh", "sftp": "sftp", "scp": "scp", "python": sys.executable}.items():
        script = lab.folder / tool
        script.write_text(f'#!/bin/sh\nexec nsenter --net=/run/netns/{lab.network} "{program}" "$@"\n')
        script.chmod(0o755)
    (lab.folder / "inventory.ini").write_text(_inventory(lab))
    (lab.folder / "lab.json").write_text(json.dumps(lab.facts(), indent=2) + "\n")
    return (lab.folder / "key.pub").read_text()


def _key(path: Path, comment: str) -> str:
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path))
    return path.with_name(f"{path.name}.pub").read_text()


def _inventory(lab: Lab) -> str:
    options = (
        f"-F /dev/null -o StrictHostKeyChecking=yes -o UserKnownHostsFile={lab.folder / 'known_hosts'}"
        " -o GlobalKnownHostsFile=/dev/null -o IdentitiesOnly=yes"
    )
    variables = {
        "ansible_user": service.LOGIN,
        "ansible_ssh_private_key_file": lab.folder / "key",
        "ansible_ssh_executable": lab.folder / "ssh",
        "ansible_sftp_executable": lab.folder / "sftp",
        "ansible_scp_executable": lab.folder / "scp",
        "ansible_ssh_common_args": options,
        "ansible_host_key_checking": "true",
        # A lab of its own: another one may have the same addresses, and connections are shared by address.
        "ansible_control_path_dir": lab.folder / "control",
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    # Modules on the controller run in the lab's network: the brokers and the Hopsworks API of a lab are there only.
    controller = f"localhost ansible_connection=local ansible_python_interpreter={lab.folder / 'python'}"
    hosts = [f"{host.name} ansible_host={host.address}" for host in lab.hosts]
    lines = [controller, "", "[onlinefs]", *hosts, "", "[onlinefs:vars]"]
    return "\n".join([*lines, *(f"{key}={value}" for key, value in variables.items()), ""])


def _network(lab: Lab) -> None:
    spaces = [lab.network, *(host.network for host in lab.hosts)]
    run("ip", "-batch", "-", stdin="".join(f"netns add {space}\n" for space in spaces))
    bridge = ["link set lo up", "link add br0 type bridge"]
    bridge += [f"address add {address}/24 dev br0" for address in (CONTROLLER, *BROKERS)]
    bridge += ["link set br0 up"]
    for host in lab.hosts:
        bridge += [
            f"link add {host.name} type veth peer name eth0 netns {host.network}",
            f"link set {host.name} master br0 up",
        ]
    run("ip", "-n", lab.network, "-batch", "-", stdin="\n".join(bridge))
    for host in lab.hosts:
        lines = f"link set lo up\naddress add {host.address}/24 dev eth0\nlink set eth0 up\n"
        run("ip", "-n", host.network, "-batch", "-", stdin=lines)


def _start(host: Host, lower: str, data_size: str) -> None:
    host.cgroup.mkdir(parents=True)
    # The shell enters the control group before the namespaces are made: no process of the host is ever outside of it.
    enter = 'echo $$ > "$0/cgroup.procs"; exec "$@"'
    spaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--cgroup"]
    init = [str(Path(__file__).with_name("init.sh")), str(host.folder), lower, data_size, DROPPED]
    with open(host.folder / "log", "wb") as log:
        subprocess.Popen(
            ["sh", "-c", enter, str(host.cgroup), "nsenter", f"--net=/run/netns/{host.network}", *spaces, *init],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _wait_for_sshd(lab: Lab, seconds: float) -> None:
    end = time.monotonic() + seconds
    addresses = [host.address for host in lab.hosts]
    answers = lab.inside(sys.executable, str(Path(__file__).with_name("answers.py")), str(seconds), *addresses)
    done = subprocess.run(answers, capture_output=True, text=True, timeout=seconds + 30, check=False)
    silent = done.stdout.split()
    if done.returncode != 0:
        host = next((h for h in lab.hosts if h.address in silent), lab.hosts[0])
        log = (host.folder / "log").read_text(errors="replace").strip()[-800:]
        where = " ".join(silent) or "any host"
        raise HostsError(f"no sshd within {seconds:.0f} s on {where}; {host.name}: {log} {done.stderr.strip()}")
    for host in lab.hosts:
        wait_until(
            lambda host=host: host.state() in ("running", "degraded"),
            max(1, end - time.monotonic()),
            f"{host.name}: start",
        )


def _more_watches() -> None:
    """Every systemd takes some inotify instances; the usual bound of 128 is enough for about ten hosts."""
    bound = Path("/proc/sys/fs/inotify/max_user_instances")
    if os.access(bound, os.W_OK) and int(bound.read_text()) < 1024:
        bound.write_text("1024")
