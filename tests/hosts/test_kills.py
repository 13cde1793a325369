"""Whatever is killed at whatever moment of a rollout: no file is half-written, and the next run finishes the work."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import properties

from tests.hosts import faults, lab
from tests.hosts.bed import STATE, Bed, Ran
from tests.hosts.system import cgroup_processes, process_name, wait_until

#: What dies: ansible-playbook with all its processes, sshd with all sessions of a host, or the module on a host.
VICTIMS = ("run", "sshd", "module")
#: Two at a time after the canary: a kill may then hit two hosts at once.
SERIAL = [1, 2]


def variables(trial: int) -> dict[str, t.Any]:
    """Another configuration for each trial; it needs a restart."""
    own = {"heartbeat.interval.ms": 500, "max.poll.records": 100 + trial}
    return {"onlinefs_consumer_properties": own, "hopsworks_kafka_serial": SERIAL, "onlinefs_service_settle": 0}


def polled(bed: Bed, host: lab.Host) -> str:
    """The property by which trials differ, as it stands in the live file."""
    text = bed.files(host)["onlinefs-kafka.properties"][0].decode("iso-8859-1")
    return properties.parse(text).get("max.poll.records", "")


def kept(host: lab.Host) -> set[tuple[str, str]]:
    """Name and hash of every file of every generation: those passed the validation, or were there before."""
    found = set()
    for manifest in (host.root() / STATE).glob("[0-9]*/manifest.json"):
        if manifest.parent.name.isdigit():
            files = json.loads(manifest.read_text())["files"]
            found |= {(name, entry["sha256"]) for name, entry in files.items() if entry}
    return found


def check_whole(bed: Bed, host: lab.Host) -> None:
    """Every live file is one that was validated, whole; what it names is there, with the modes of before."""
    known, live = kept(host), bed.files(host)
    for name, (content, mode, _user, _group) in live.items():
        if name.startswith("."):
            continue  # staged beside the live files; the next run removes it
        assert (name, hashlib.sha256(content).hexdigest()) in known, f"{host.name}: {name} is half-written"
        assert mode & 0o007 == 0
        if name.endswith(".properties"):
            location = properties.parse(content.decode("iso-8859-1")).get("ssl.truststore.location", "")
            assert not location or location.rpartition("/")[2] in live, f"{host.name}: {name} names {location}"


def busy(bed: Bed) -> list[lab.Host]:
    """Hosts on which a module runs at this moment."""
    return [
        host for host in bed.lab.hosts if any(process_name(pid) == "python3" for pid in cgroup_processes(host.cgroup))
    ]


def strike(bed: Bed, victim: str, chance: random.Random, run: subprocess.Popen[bytes]) -> tuple[str, int]:
    """Kill; returns where, and how many processes. On hosts the blow waits until a module is at work."""
    if victim == "run":
        if run.poll() is not None:
            return "ended before", 0
        os.killpg(run.pid, signal.SIGKILL)
        return "the controller", 1
    while not (at := busy(bed)) and run.poll() is None:
        time.sleep(0.02)
    host = chance.choice(at or bed.lab.hosts)
    return host.name, faults.kill(host, "sshd" if victim == "sshd" else "python3")


def test_a_rollout_survives_any_kill(three: Bed, soak: bool) -> None:
    bed = three
    seed = int(os.environ.get("KILLS_SEED") or random.SystemRandom().randrange(10**6))
    print(f"\nKILLS_SEED={seed}")
    chance = random.Random(seed)
    first, length = timed(bed, 0)
    assert first.code == 0, first.output
    hit = 0
    trials = 200 if soak else 6
    for trial in range(1, trials + 1):
        victim = VICTIMS[trial % len(VICTIMS)]
        after = chance.uniform(0.1, 0.9) * length
        run = begin(bed, trial)
        began = time.monotonic()
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(after)
        where, count = strike(bed, victim, chance, run)
        for host in bed.lab.hosts:
            check_whole(bed, host)
        what = f"seed {seed}, trial {trial}: SIGKILL of {victim}, {where}, after {after:.1f} of {length:.1f} s"
        print(f"{what}: {count} killed", flush=True)
        hit += bool(count)
        run.wait(120)
        if not count:
            length = time.monotonic() - began
        check_trial(bed, trial, what)
    assert hit >= trials * 2 / 3, "too many blows hit nothing: choose other moments"


def timed(bed: Bed, trial: int) -> tuple[Ran, float]:
    began = time.monotonic()
    ran = bed.play(**variables(trial))
    return ran, time.monotonic() - began


def begin(bed: Bed, trial: int) -> subprocess.Popen[bytes]:
    """A rollout as a process group of its own."""
    with open(bed.lab.folder / "killed.log", "wb") as log:
        return subprocess.Popen(
            bed.command("hopsworks.kafka.onlinefs", "-e", json.dumps(variables(trial))),
            cwd=bed.lab.folder,
            env=bed.environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def check_trial(bed: Bed, trial: int, what: str) -> None:
    """After the blow: files whole, service up. The next run finishes, and one more changes nothing."""
    # A module goes on when its connection is lost; its work is part of what the next run finds.
    wait_until(lambda: not busy(bed), 90, f"{what}: the end of the modules on the hosts")
    for host in bed.lab.hosts:
        check_whole(bed, host)
        assert polled(bed, host) in (str(100 + trial), str(99 + trial)), what
        wait_until(lambda host=host: bed.pid(host) is not None, 10, f"{what}: the service on {host.name}")
    finishing, _seconds = timed(bed, trial)
    assert finishing.code == 0, f"{what}\n{finishing.output}"
    again, _seconds = timed(bed, trial)
    assert again.code == 0, f"{what}\n{again.output}"
    for host in bed.lab.hosts:
        assert again.recap(host.name, "changed") == 0, f"{what}\n{again.output}"
        assert polled(bed, host) == str(100 + trial), what
        assert not [name for name in bed.files(host) if name.startswith(".")], f"{what}: left behind"
        wait_until(lambda host=host: bed.serves(host), 30, f"{what}: {host.name} in its group")
