"""Whatever is killed at whatever moment of a rollout: no file is half-written, and the next run finishes the work."""

from __future__ import annotations

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
from tests.hosts.bed import STATE, Bed
from tests.hosts.conftest import needs_root
from tests.hosts.system import wait_until

pytestmark = needs_root

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


def victims(bed: Bed, victim: str, host: lab.Host, run: subprocess.Popen[bytes]) -> int:
    """Kill; returns how many processes, as a module may not be under way at that moment."""
    if victim == "run":
        os.killpg(run.pid, signal.SIGKILL)
        return 1
    return faults.kill(host, "sshd" if victim == "sshd" else "python3")


def modules_ended(bed: Bed) -> bool:
    """A module goes on when its connection is lost; its work is part of what the next run finds."""
    return all("python3" not in host.run("ps", "-eo", "comm=") for host in bed.lab.hosts)


def test_a_rollout_survives_any_kill(three: Bed, soak: bool) -> None:
    bed = three
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    began = time.monotonic()
    assert (first := bed.play(**variables(0))).code == 0, first.output
    length = time.monotonic() - began
    killed = 0
    for trial in range(1, (200 if soak else 15) + 1):
        victim, host = VICTIMS[trial % len(VICTIMS)], chance.choice(bed.lab.hosts)
        after = chance.uniform(0.1, 0.95) * length
        what = f"seed {seed}, trial {trial}: SIGKILL of {victim} ({host.name}) after {after:.2f} of {length:.1f} s"
        wanted = variables(trial)
        command = bed.command("hopsworks.kafka.onlinefs", "-e", json.dumps(wanted))
        with open(bed.lab.folder / "killed.log", "wb") as log:
            run = subprocess.Popen(
                command,
                cwd=bed.lab.folder,
                env=bed.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        time.sleep(after)
        count = victims(bed, victim, host, run)
        killed += bool(count)
        print(f"{what}: {count} killed", flush=True)
        for one in bed.lab.hosts:
            check_whole(bed, one)
        run.wait(120)
        wait_until(lambda: modules_ended(bed), 90, f"{what}: the end of the modules on the hosts")
        for one in bed.lab.hosts:
            check_whole(bed, one)
            assert polled(bed, one) in (str(100 + trial), str(99 + trial)), what
            wait_until(lambda one=one: bed.pid(one) is not None, 10, f"{what}: the service on {one.name}")
        finishing = bed.play(**wanted)
        assert finishing.code == 0, f"{what}\n{finishing.output}"
        again = bed.play(**wanted)
        assert again.code == 0, f"{what}\n{again.output}"
        for one in bed.lab.hosts:
            assert again.recap(one.name, "changed") == 0, f"{what}\n{again.output}"
            assert polled(bed, one) == str(100 + trial), what
            assert not [name for name in bed.files(one) if name.startswith(".")], f"{what}: left behind"
            assert bed.serves(one) or not wait_until(lambda one=one: bed.serves(one), 30, f"{what}: {one.name}")
    assert killed >= 10, "most kills hit nothing: choose other moments"
