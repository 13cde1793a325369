"""`python -m tests.hosts`: make, use and remove a lab of hosts."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path

import tests.hosts
from tests.hosts import faults, image, lab
from tests.hosts.system import HostsError, require


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts", description=tests.hosts.__doc__)
    parser.add_argument("--lab", default="default", help="name of the lab (default: %(default)s)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("image", help="build the root file system, unless it is there; prints its folder")
    up = commands.add_parser("up", help="start hosts; prints what is in lab.json")
    up.add_argument("count", type=int, help="how many hosts, 1 to 100")
    up.add_argument("--consumer", type=Path, metavar="DIR", help="copied to /opt/onlinefs-consumer of every host")
    up.add_argument("--etc", type=Path, metavar="DIR", help="the service's first configuration; it then starts")
    up.add_argument("--command", dest="exec_start", default="/bin/false", help="ExecStart of onlinefs.service")
    up.add_argument("--data-size", default="64m", help="size of each host's data volume (default: %(default)s)")
    up.add_argument("--seconds", type=float, default=120, help="bound for the start (default: %(default)s)")
    commands.add_parser("down", help="end the lab and remove all of it")
    commands.add_parser("status", help="print lab.json and the state of every host")
    inside = commands.add_parser("exec", help="run a command in the lab's network: exec -- COMMAND …")
    inside.add_argument("words", nargs="+", metavar="COMMAND")
    fault = commands.add_parser("fault", help="hold a fault on a host until SIGTERM or SIGINT; prints `ready`")
    fault.add_argument("host")
    fault.add_argument("fault", choices=sorted(faults.FAULTS))
    fault.add_argument("words", nargs="*", metavar="ARGUMENT", help="cut-off: the address; read-only: the path")
    kill = commands.add_parser("kill", help="SIGKILL the processes of one name on a host; prints how many")
    kill.add_argument("host")
    kill.add_argument("process")
    given = parser.parse_args(arguments)
    try:
        return _act(given)
    except HostsError as error:
        print(f"tests.hosts: {error}", file=sys.stderr)
        return 1


def _act(given: argparse.Namespace) -> int:
    if given.command == "image":
        print(image.ensure())
        return 0
    require()
    if given.command == "up":
        made = lab.up(
            given.count,
            given.lab,
            command=given.exec_start,
            consumer=given.consumer,
            etc=given.etc,
            data_size=given.data_size,
            seconds=given.seconds,
        )
        print(json.dumps(made.facts(), indent=2))
    elif given.command == "down":
        lab.down(given.lab)
    elif given.command == "status":
        found = lab.Lab(given.lab)
        states = {host.name: host.state() for host in found.hosts}
        print(json.dumps({**found.facts(), "states": states}, indent=2))
    elif given.command == "exec":
        words = lab.Lab(given.lab).inside(*given.words)
        os.execvp(words[0], words)
    elif given.command == "kill":
        print(faults.kill(lab.Lab(given.lab).host(given.host), given.process))
    else:
        _hold(given)
    return 0


def _hold(given: argparse.Namespace) -> None:
    ends = (signal.SIGTERM, signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with faults.fault(lab.Lab(given.lab).host(given.host), given.fault, *given.words):
        print("ready", flush=True)
        signal.sigwait(ends)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
