"""The test hosts keep their promises: real SSH and systemd, the service's layout, faults with cures, and no traces."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

from tests.hosts import faults, lab
from tests.hosts.system import HostsError, cgroup_root, wait_until

ROOT = Path(__file__).resolve().parents[2]
#: What a service needs to be seen at work: it lists its home on the port of OnlineFS's metrics.
PLACEHOLDER = "/usr/bin/python3 -m http.server 12800 --directory /onlinefs"


def machine() -> dict[str, set[str]]:
    """What a lab could leave on the machine, read with other means than the lab's own."""
    spaces = Path("/run/netns")
    return {
        "mounts": {line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()},
        "network namespaces": {path.name for path in spaces.iterdir()} if spaces.is_dir() else set(),
        "control groups": {path.name for path in cgroup_root().iterdir() if path.is_dir()},
        "processes": {
            f"{path.parent.name} {path.read_bytes()[:80]!r}"
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if path.exists() and path.read_bytes().startswith((b"/lib/systemd", b"unshare", b"sshd"))
        },
        "folders": {str(path) for path in lab.FOLDER.glob("*")},
    }


def own(found: dict[str, set[str]]) -> dict[str, set[str]]:
    """Without what a lab that somebody else runs at the same time comes and goes with."""
    return {kind: {item for item in items if ".test-" in item or "/test-" in item} for kind, items in found.items()}


@contextlib.contextmanager
def lab_of(count: int, name: str, **options: t.Any) -> t.Iterator[lab.Lab]:
    lab.down(name)
    try:
        yield lab.up(count, name, **options)
    finally:
        lab.down(name)


@pytest.fixture(scope="module")
def two() -> t.Iterator[lab.Lab]:
    with lab_of(2, "test-two", command=PLACEHOLDER) as made:
        yield made


def ansible(
    made: lab.Lab, *arguments: str, on: str = "onlinefs", environment: dict[str, str] | None = None
) -> dict[str, t.Any]:
    """Run an ad-hoc task; returns the result by host."""
    command = [str(Path(sys.executable).with_name("ansible")), "-i", made.facts()["inventory"], on, *arguments]
    variables = {"ANSIBLE_LOAD_CALLBACK_PLUGINS": "1", "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.oneline"}
    done = subprocess.run(
        command,
        env={**os.environ, **variables, **(environment or {})},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = {}
    for line in done.stdout.splitlines():
        name, _bar, rest = line.partition(" | ")
        results[name] = json.loads(rest.partition("=> ")[2])
    return results


def fetch(made: lab.Lab, host: str, path: str = "/") -> str:
    """GET from the port of the host's metrics, out of the lab's network."""
    address = made.facts()["hosts"][host]
    code = f"import urllib.request as r; print(r.urlopen('http://{address}:12800{path}', timeout=5).read().decode())"
    return subprocess.run(
        made.inside(sys.executable, "-c", code), capture_output=True, text=True, timeout=20, check=True
    ).stdout


def test_ansible_reaches_every_host_by_ssh_as_a_user_who_may_sudo(two: lab.Lab) -> None:
    plain = ansible(
        two, "-m", "ansible.builtin.setup", "-a", "filter=ansible_user_id,ansible_nodename,ansible_service_mgr"
    )
    assert {name: r["ansible_facts"]["ansible_nodename"] for name, r in plain.items()} == {
        "onlinefs1": "onlinefs1",
        "onlinefs2": "onlinefs2",
    }
    assert {r["ansible_facts"]["ansible_user_id"] for r in plain.values()} == {"deploy"}
    assert {r["ansible_facts"]["ansible_service_mgr"] for r in plain.values()} == {"systemd"}
    root = ansible(two, "-b", "-m", "ansible.builtin.setup", "-a", "filter=ansible_user_id")
    assert {r["ansible_facts"]["ansible_user_id"] for r in root.values()} == {"root"}


def test_files_travel_with_and_without_pipelining(two: lab.Lab, tmp_path: Path) -> None:
    source = tmp_path / "file"
    source.write_text("content\n")
    for pipelining in ("true", "false"):
        copied = ansible(
            two,
            "-m",
            "ansible.builtin.copy",
            "-a",
            f"src={source} dest=/home/deploy/{pipelining}",
            environment={"ANSIBLE_PIPELINING": pipelining},
        )
        assert all(r["changed"] for r in copied.values())


def test_the_controller_reaches_the_lab_from_modules_and_from_this_process(two: lab.Lab) -> None:
    with two.entered():
        server = socket.create_server((lab.BROKERS[0], 0))
    port = server.getsockname()[1]
    there = f"host={lab.BROKERS[0]} port={port} timeout=5"
    with server:
        for where in ("localhost", "onlinefs"):
            assert ansible(two, "-m", "ansible.builtin.wait_for", "-a", there, on=where)
        with pytest.raises(OSError, match=r"refused|timed out|unreachable"):
            socket.create_connection((lab.BROKERS[0], port), timeout=2)


def test_an_unknown_host_key_is_refused(two: lab.Lab) -> None:
    known = two.folder / "known_hosts"
    before = known.read_text()
    known.write_text(before.replace("10.89.8.11 ", "10.89.8.99 "))
    try:
        inventory = ["-i", two.facts()["inventory"], "onlinefs1", "-m", "ansible.builtin.ping"]
        environment = {**os.environ, "ANSIBLE_SSH_ARGS": "-o ControlMaster=no"}
        done = subprocess.run(
            [str(Path(sys.executable).with_name("ansible")), *inventory],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        known.write_text(before)
    assert done.returncode != 0
    assert "Host key verification failed" in done.stdout


def test_the_service_has_the_layout_of_the_real_one(two: lab.Lab) -> None:
    host = two.host("onlinefs1")
    shown = host.run(
        "stat", "-c", "%N %U:%G %u:%g %a", "/srv/hops/onlinefs", "/srv/hops/onlinefs/etc", "/srv/hops/onlinefs/bin"
    )
    assert shown.splitlines() == [
        "'/srv/hops/onlinefs' onlinefs:onlinefs 1521:1516 750",
        "'/srv/hops/onlinefs/etc' -> '/srv/hopsworks-data/onlinefs/etc' onlinefs:onlinefs 1521:1516 777",
        "'/srv/hops/onlinefs/bin' onlinefs:onlinefs 1521:1516 750",
    ]
    assert (
        host.run("stat", "-L", "-c", "%U %a", "/srv/hops/onlinefs/etc", "/srv/hops/onlinefs/logs")
        == "onlinefs 750\n" * 2
    )
    assert host.run("stat", "-c", "%U:%G %a", "/lib/systemd/system/onlinefs.service") == "root:root 664\n"


def test_the_service_sees_its_home_elsewhere_and_comes_back_after_a_crash(two: lab.Lab) -> None:
    host = two.host("onlinefs1")
    host.run("systemctl", "start", "onlinefs")
    wait_until(lambda: _listens(two), 15, "the placeholder's port")
    assert all(name in fetch(two, "onlinefs1") for name in ("bin/", "etc@", "logs@"))
    pid = host.run("systemctl", "show", "--property=MainPID", "--value", "onlinefs").strip()
    view = host.run("nsenter", "--mount", f"--target={pid}", "ls", "-a", "/srv/hops", "/srv/hopsworks-data", "/certs")
    assert "super_crypto" not in view
    assert view.count("onlinefs") == 1  # the data volume's, not the home's
    assert faults.kill(host, "python3") == 1
    wait_until(lambda: _restarts(host) == 1, 15, "systemd's restart of the service")
    host.run("systemctl", "stop", "onlinefs")
    assert host.run("systemctl", "show", "--property=ActiveState", "--value", "onlinefs") == "inactive\n"


def _listens(made: lab.Lab) -> bool:
    try:
        return bool(fetch(made, "onlinefs1"))
    except subprocess.CalledProcessError:
        return False


def _restarts(host: lab.Host) -> int:
    return int(host.run("systemctl", "show", "--property=NRestarts", "--value", "onlinefs"))


def test_the_host_cannot_touch_the_machine(two: lab.Lab) -> None:
    host = two.host("onlinefs1")
    # Each would change nothing if it were allowed.
    for attempt in ("cat /proc/sys/kernel/panic > /proc/sys/kernel/panic", "date -s now", "mknod /root/disk b 8 0"):
        login = ["-i", two.facts()["inventory"], "onlinefs1", "-b", "-m", "ansible.builtin.shell", "-a", attempt]
        done = subprocess.run(
            [str(Path(sys.executable).with_name("ansible")), *login], capture_output=True, timeout=60, check=False
        )
        assert done.returncode != 0, attempt
    assert host.run("ip", "route").strip() == "10.89.8.0/24 dev eth0 proto kernel scope link src 10.89.8.11"


def test_a_full_disk(two: lab.Lab) -> None:
    host = two.host("onlinefs1")
    write = ("cp", "/etc/hostname", "/srv/hops/onlinefs/etc/file")
    with faults.full_disk(host), pytest.raises(HostsError, match="No space left on device"):
        host.run(*write)
    host.run(*write)


def test_a_read_only_file_system(two: lab.Lab) -> None:
    host = two.host("onlinefs1")
    write = ("cp", "/etc/hostname", "/srv/hops/onlinefs/etc/file")
    with faults.read_only(host), pytest.raises(HostsError, match="Read-only file system"):
        host.run(*write)
    host.run(*write)


def test_a_black_hole_is_silent(two: lab.Lab) -> None:
    host = two.host("onlinefs1")
    connect = "import socket; socket.create_connection(('10.89.8.12', 22), 2)"
    with faults.cut_off(host, "10.89.8.12"), pytest.raises(HostsError, match="timed out"):
        host.run("python3", "-c", connect)
    host.run("python3", "-c", connect)
    with faults.cut_off(host, "10.89.8.12"):
        two.host("onlinefs2").run("true")


def test_a_frozen_host_does_not_answer(two: lab.Lab) -> None:
    host = two.host("onlinefs2")
    ask = "import socket; s = socket.create_connection(('10.89.8.12', 22), 1); s.settimeout(1); s.recv(1)"
    with faults.frozen(host), pytest.raises(HostsError, match="timed out"):
        two.host("onlinefs1").run("python3", "-c", ask)
    two.host("onlinefs1").run("python3", "-c", ask)


def test_a_killed_sshd_comes_back(two: lab.Lab) -> None:
    assert faults.kill(two.host("onlinefs2"), "sshd") >= 1

    def answers() -> bool:
        try:
            return len(ansible(two, "-m", "ansible.builtin.ping")) == 2
        except AssertionError:
            return False

    wait_until(answers, 20, "sshd after SIGKILL")


def test_two_labs_do_not_see_each_other_and_the_second_leaves_nothing(two: lab.Lab, tmp_path: Path) -> None:
    before = own(machine())
    (tmp_path / "onlinefs-site.xml").write_text("<onlinefs/>")
    with lab_of(1, "test-other", command=PLACEHOLDER, etc=tmp_path) as other:
        host = other.host("onlinefs1")
        assert host.address == two.host("onlinefs1").address
        assert (
            host.run("stat", "-c", "%U:%G %a", "/srv/hops/onlinefs/etc/onlinefs-site.xml") == "onlinefs:onlinefs 750\n"
        )
        wait_until(lambda: "etc@" in fetch(other, "onlinefs1"), 10, "the service, started with the host")
        with pytest.raises(subprocess.CalledProcessError):
            fetch(two, "onlinefs1")
        during = own(machine())
        assert all(
            during[kind] > before[kind] for kind in ("mounts", "network namespaces", "control groups", "folders")
        )
        with pytest.raises(HostsError, match="is up, or left by a killed run"):
            lab.up(1, "test-other")
    assert own(machine()) == before
    assert other.leftovers() == []
    assert len(ansible(two, "-m", "ansible.builtin.ping")) == 2


def test_down_removes_what_a_killed_up_left() -> None:
    before = own(machine())
    for seconds in (0.15, 0.3, 0.5):
        command = [sys.executable, "-m", "tests.hosts", "--lab", "test-killed", "up", "5"]
        started = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        time.sleep(seconds)
        started.send_signal(signal.SIGKILL)
        started.wait(timeout=10)
        lab.down("test-killed")
        assert own(machine()) == before


def test_a_command_in_the_lab_may_take_the_lab_down() -> None:
    with lab_of(1, "test-exec") as made:
        tool = [sys.executable, "-m", "tests.hosts", "--lab", "test-exec"]
        shown = subprocess.check_output(
            [*tool, "exec", "--", "ip", "-brief", "address"], cwd=ROOT, text=True, timeout=20
        )
        assert "10.89.8.1/24" in shown
        assert subprocess.run([*tool, "exec", "--", *tool, "down"], cwd=ROOT, timeout=60, check=False).returncode == 0
        assert made.leftovers() == []


def test_without_root_it_says_so() -> None:
    code = "import os, sys; from tests.hosts.__main__ import main; os.setuid(65534); sys.exit(main(['up', '1']))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 1
    assert "need root" in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(HostsError, match="apt-get install iproute2 mount openssh-client util-linux"):
        lab.up(1, "test-none")
