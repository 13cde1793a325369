# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that Kafka, Hopsworks or a host gave to things: no secret and no control character comes into the summary."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._report import layout
from ansible_collections.hopsworks.kafka.plugins.module_utils._report.run import Run
from ansible_collections.hopsworks.kafka.plugins.module_utils._report.summary import summarize

CANARY = "cnHunter2xyz99"
NAME = f"password={CANARY}\x1b[2J\u202e\nFAKE"
LOGIN = f"u:{CANARY}@h:1,https://v:{CANARY}@x:1"
PARTS = ("preflight", "onlinefs", "projects", "verify", "carry_over")

RANGE = [{"topic": NAME, "partition": 0, "start": 0, "end": 5, "rows": 5}]
UNKNOWN = [{"topic": NAME, "partition": 0, "reason": NAME}]
ROWS = {"rows": None, "counted": 5, "partitions": RANGE, "unknown": UNKNOWN}
MOVE: dict[str, t.Any] = {
    "move": True,
    "old": {"cluster_id": NAME, "bootstrap_servers": LOGIN, "reason": NAME},
    "new": {"cluster_id": f"{NAME} 2", "bootstrap_servers": NAME, "reason": None},
    "unread": ROWS,
    "overlap": RANGE,
    "drained": None,
    "record": {"old_cluster": NAME, "old_servers": LOGIN, "generation": 1},
    "stranded": {**ROWS, "before": 3, "deleted": RANGE},
}
CARRIED = {"rows": 3, "bytes": 1, "carried_before": 0, "complete": False, "msg": NAME}
CERTIFICATES = [{"store": NAME, "subject": NAME, "expires": NAME, "days_left": 3}]
CHANGED: dict[str, t.Any] = {
    "changes": [{"what": NAME}],
    "actions": [NAME],
    "certificates": CERTIFICATES,
    "cluster_id": NAME,
    "generation": 1,
    "members": [{"partitions": [{}], "lag": 3}],
    "not_proved": [NAME],
    "proved": False,
    "health": {"service": NAME},
}
STEPS: dict[str, t.Any] = {
    "reach": {
        "projects": [],
        "problems": [{"reason": "x", "message": NAME, "remedy": NAME, "projects": [NAME]}],
        "left_behind": [{"project": NAME, "reason": NAME}],
        "left_behind_message": NAME,
        "release": NAME,
    },
    "probe": {
        "ok": False,
        "stages": [{"stage": NAME, "ok": False, "target": NAME, "reason": NAME, "detail": NAME, "remedy": NAME}],
        "certificates": CERTIFICATES,
        "cluster_id": NAME,
    },
    "preflight": {
        "results": [
            {"project": NAME, "action": NAME, "error": {"message": NAME, "remedy": NAME}},
            {"project": NAME, "action": "skipped", "reason": "kept"},
        ]
    },
    "verify": {"results": [{"project": NAME, "missing_files": [NAME], "differs": [{"what": NAME}]}]},
}
HOSTS: tuple[dict[str, t.Any], ...] = (
    {"preflight": CHANGED, "onlinefs": CHANGED, "verify": CHANGED},
    {"onlinefs": {"msg": NAME, "rolled_back": True, "reasons": [NAME, NAME]}},
    {"preflight": {"msg": NAME, "unreachable": True}},
)
MOVES: tuple[dict[str, t.Any], ...] = (
    {"info": MOVE, "stranded": MOVE, "carry": {**CARRIED, "record": MOVE["record"], "stranded": MOVE["stranded"]}},
    {"info": MOVE, "leave": {"msg": NAME}, "back": {"msg": NAME}},
    {},
)


def texts(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


def test_names_of_others_in_the_summary() -> None:
    for host, of_moves in zip(HOSTS, MOVES, strict=True):
        run = Run(
            playbook="hopsworks.kafka.site",
            parts=PARTS,
            done=PARTS,
            selected=PARTS,
            steps=STEPS,
            hosts={"h1": host},
            moves={"h1": of_moves},
            errors=[{"part": "onlinefs", "task": NAME, "msg": NAME}],
            bootstrap=LOGIN,
            rollout=NAME,
            keep=True,
        )
        summary = summarize(run)
        shown = [*layout.lines(summary), *texts(summary.to_result())]
        assert any("********" in text for text in shown)
        for text in shown:
            assert CANARY not in text and "\x1b" not in text and "\u202e" not in text, text
            assert "\n" not in text, text
