"""python -m tests.demo [--keep]: build and install the collection, roll Kafka out to a whole lab, twice, and show it.

The installed collection is used, not the checkout. The exit code is 1 where the second run changes anything.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import time
import typing as t
import urllib.request

from tests.lab import __main__ as lab

ROOT = lab.ROOT
DEMO = ROOT / ".build" / "demo"
LAB = DEMO / "lab"
COLLECTIONS = DEMO / "collections"
PROJECTS, HOSTS = 25, 3


def say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def tool(name: str) -> str:
    return str(pathlib.Path(sys.executable).parent / name)


def environment() -> dict[str, str]:
    """The installed collection alone, and no settings of the user's."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "HOPSWORKS_"))}
    return {
        **own,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_CONFIG": str(DEMO / "ansible.cfg"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "PATH": os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]]),
    }


def install() -> None:
    """The tarball that a release would be, built and installed as a user would."""
    shutil.rmtree(DEMO / "dist", ignore_errors=True)
    galaxy = [tool("ansible-galaxy"), "collection"]
    quiet: dict[str, t.Any] = {"env": environment(), "stdout": subprocess.DEVNULL}
    subprocess.run([*galaxy, "build", "--output-path", str(DEMO / "dist"), str(ROOT)], check=True, **quiet)
    [tarball] = (DEMO / "dist").glob("hopsworks-kafka-*.tar.gz")
    subprocess.run(
        [*galaxy, "install", "--offline", "--force", "-p", str(COLLECTIONS), str(tarball)], check=True, **quiet
    )
    print(f"{tarball.name} -> {COLLECTIONS.relative_to(ROOT)}")


def site() -> dict[str, int]:
    """One run of hopsworks.kafka.site; ``{host: tasks that changed something}`` of its recap."""
    command = [tool("ansible-playbook"), "-i", str(LAB / "inventory.yml"), "hopsworks.kafka.site"]
    process = subprocess.Popen(command, cwd=DEMO, env=environment(), stdout=subprocess.PIPE, text=True)
    recap: dict[str, int] = {}
    for line in t.cast(t.IO[str], process.stdout):
        print(line, end="", flush=True)
        found = re.match(r"(\S+) +: ok=\d+ +changed=(\d+)", line)
        if found:
            recap[found[1]] = int(found[2])
    if process.wait():
        raise SystemExit(f"hopsworks.kafka.site ended with {process.returncode}")
    return recap


def table(note: dict[str, t.Any]) -> None:
    """What was rolled out, read from the server and from the hosts, not from what Ansible said."""
    context = ssl.create_default_context(cafile=note["ca"])
    with urllib.request.urlopen(f"{note['url']}/_emulator/state", context=context, timeout=10) as answer:
        state = json.load(answer)
    servers = collections.Counter(
        project["connectors"].get("kafka_connector", {}).get("bootstrapServers", "(none)")
        for project in state["projects"].values()
    )
    print(f"{'what':<28} {'how many':>8}  Kafka")
    for bootstrap, count in servers.items():
        print(f"{'projects with a connector':<28} {count:>8}  {bootstrap}")
    for home in note["homes"]:
        text = pathlib.Path(home, "etc", "onlinefs-kafka.properties").read_text()
        found = re.search(r"^bootstrap\.servers *= *(.*)$", text, re.MULTILINE)
        running = subprocess.run(
            lab.service_command("status", pathlib.Path(home)), cwd=ROOT, capture_output=True, check=False
        )
        state_word = "running" if running.returncode == 0 else "stopped"
        bootstrap = found[1].replace("\\:", ":") if found else "(none)"
        print(f"{pathlib.Path(home).name + ', ' + state_word:<28} {1:>8}  {bootstrap}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave everything up afterwards")
    keep = parser.parse_args().keep
    started = time.monotonic()
    DEMO.mkdir(parents=True, exist_ok=True)
    (DEMO / "ansible.cfg").write_text("")
    lab.down(LAB)
    say("The collection, built and installed")
    install()
    say(f"A Hopsworks with {PROJECTS} projects, three Kafka brokers, {HOSTS} OnlineFS hosts")
    try:
        note = lab.up(LAB, PROJECTS, HOSTS)
        print(f"Hopsworks {note['url']}, Kafka {note['bootstrap']}")
        say("hopsworks.kafka.site")
        first = site()
        say("hopsworks.kafka.site, again")
        second = site()
        say("What was rolled out")
        table(note)
        again = {host: changed for host, changed in second.items() if changed}
        print(f"\nfirst run:  changed on {', '.join(host for host, changed in first.items() if changed) or 'no host'}")
        print(f"second run: changed on {', '.join(again) or 'no host'}")
        print(f"took {time.monotonic() - started:.0f} s")
    finally:
        if not keep:
            lab.down(LAB)
    if keep:
        inventory = (LAB / "inventory.yml").relative_to(ROOT)
        print(f"""
It is still up. Look at it with
  export ANSIBLE_COLLECTIONS_PATH={COLLECTIONS.relative_to(ROOT)} PATH={pathlib.Path(sys.executable).parent}:$PATH
  ansible-playbook -i {inventory} hopsworks.kafka.verify
  ansible-playbook -i {inventory} hopsworks.kafka.site --check --diff
  ansible-playbook -i {inventory} hopsworks.kafka.revert
and stop it with
  python3 -m tests.lab down {LAB.relative_to(ROOT)}""")
    return 1 if again or not first else 0


if __name__ == "__main__":
    sys.exit(main())
