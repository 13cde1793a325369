# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m tests.kafka start|stop|status [--version V] [--dir DIR] [--nodes 1|3] [--host ADDRESS]"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import time

from . import cluster, jars


def main() -> int:
    """Run one command; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.kafka", description="A real Apache Kafka for the tests.")
    parser.add_argument("command", choices=["start", "stop", "status", "fetch"])
    parser.add_argument("--version", default=jars.NEWEST, help=f"Kafka release (default {jars.NEWEST})")
    parser.add_argument("--dir", type=pathlib.Path, default=cluster.default_dir(), help="where the run is kept")
    parser.add_argument("--nodes", type=int, default=1, choices=[1, 3])
    parser.add_argument("--host", default="127.0.0.1", help="the address that clients are told (and that is bound)")
    parser.add_argument("--bind", default=None, help="bind this address instead, such as 0.0.0.0")
    parser.add_argument("--name", action="append", default=[], help="a further name for the brokers' certificates")
    parser.add_argument("--projects", type=int, default=3, help="principals project_N with a topic of their own")
    given = parser.parse_args()
    folder = given.dir.resolve()
    try:
        if given.command == "start":
            began = time.monotonic()
            cluster.start(
                folder, given.version, given.nodes, given.host, given.bind, given.name, projects=given.projects
            )
            print(f"ready {folder / cluster.DESCRIPTION} ({time.monotonic() - began:.1f} s)")
        elif given.command == "stop":
            cluster.stop(folder)
        elif given.command == "fetch":
            print(jars.jars(given.version))
        else:
            print(json.dumps(cluster.status(folder), indent=2))
    except jars.HarnessError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
