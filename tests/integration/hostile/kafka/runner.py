# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run many probes and group checks, each in a process of its own that is forked from one which has imported it all.

Reads jobs from standard input, one JSON object a line, and writes what came of each into a file: its result, its
seconds, and the megabytes that it and its children took at most. A job without a file died.
"""

from __future__ import annotations

import pathlib
import resource
import sys
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import group_membership
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import declare, store_option
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe import (
    groups,
    probe_task,
    round_trip,
    tls_handshake,
    topics,
)

from tests.integration.hostile.forks import Stopwatch, run_jobs

from .broker import GROUP, MEMBER, TOPIC

assert groups and round_trip and topics  # imported before the forks
OPTIONS: dict[str, t.Any] = {
    "properties_file": None,
    "truststore": None,
    "keystore": None,
    "path_map": {},
    "topics": [TOPIC],
    "operations": ["read"],
    "groups": [GROUP],
    "round_trip": False,
    "min_days_valid": 0,
    "until": None,
    "probes": None,
    "workers": 1,
}


def do(job: dict[str, t.Any]) -> dict[str, t.Any]:
    """One job: ``{kind, properties, truststore, timeout}``."""
    watch = Stopwatch()
    if job["kind"] == "probe":
        given = {name: job[name] for name in ("properties", "truststore", "timeout")}
        result = probe_task.run({**OPTIONS, **given}).result
    else:
        client = declare(job["properties"], store_option("truststore", job["truststore"]))
        tls = tls_handshake.prepare(client)
        secure = (lambda connection, host: tls_handshake.handshake(tls, connection, host)) if tls else None
        found = group_membership.look(client, secure, GROUP, MEMBER, job["timeout"])
        result = {**found.to_result(), "own": list(found.own)}
    seconds = watch.seconds()
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"result": result, "seconds": seconds, "megabytes": most / 1024}


if __name__ == "__main__":
    run_jobs(do, pathlib.Path(sys.argv[1]), int(sys.argv[2]))
