# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A move in the findings and the summary: what stops it, what it did, what it left."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._report import host_results, layout, moves
from ansible_collections.hopsworks.kafka.plugins.module_utils._report.run import (
    Run,
    findings,
    hosts_to_change,
    hosts_to_verify,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._report.summary import summarize

SITE = ("preflight", "settings", "onlinefs", "projects", "verify")
PREFLIGHT = ("preflight",)
RANGE = {"topic": "a_onlinefs", "partition": 0, "start": 4, "end": 10, "rows": 6}
OTHER = {"topic": "b_onlinefs", "partition": 2, "start": 0, "end": 1, "rows": 1}
NOTHING: dict[str, t.Any] = {"rows": 0, "counted": 0, "partitions": [], "unknown": []}
SIX = {"rows": 6, "counted": 6, "partitions": [RANGE], "unknown": []}
NOWHERE = {"topic": "", "partition": -1, "reason": "no route"}
UNKNOWN = {
    "rows": None,
    "counted": 0,
    "partitions": [],
    "unknown": [{"topic": "", "partition": -1, "reason": "no route"}],
}
PROVED = {"changes": [], "actions": [], "generation": 1, "proved": True, "not_proved": [], "cluster_id": "new"}
CHANGES = {**PROVED, "changes": [{"what": "onlinefs-kafka.properties: bootstrap.servers"}], "actions": ["write"]}
STOPPED = {"service": "inactive", "record": None, "generation": None}
OLD = {"old_cluster": "old", "old_servers": "a:9092", "generation": 0}
LEFT = {"service": "inactive", "record": OLD, "generation": 0}


def cluster(cluster_id: str | None, reason: str | None = None) -> dict[str, t.Any]:
    return {"cluster_id": cluster_id, "bootstrap_servers": "k:1", "reason": reason}


def info(**given: t.Any) -> dict[str, t.Any]:
    """What onlinefs_move_info says of a host that moves."""
    base = {
        "move": True,
        "old": cluster("old"),
        "new": cluster("new"),
        "unread": NOTHING,
        "overlap": [],
        "missing": [],
        "drained": None,
        "same_addresses": False,
    }
    return {**base, "record": None, "stranded": None, **given}


def left(stranded: dict[str, t.Any], old: str | None = "old", **more: t.Any) -> dict[str, t.Any]:
    """What it says of a host that has moved."""
    record = {"old_cluster": old, "old_servers": "a:9092", "generation": 0}
    rows = {"before": 0, "deleted": [], **stranded, **more}
    return info(move=False, old=None, new=None, unread=None, overlap=None, record=record, stranded=rows)


def run(done: t.Sequence[str] = PREFLIGHT, moved: dict[str, dict[str, t.Any]] | None = None, **given: t.Any) -> Run:
    found = moved or {}
    base = Run("hopsworks.kafka.site", SITE, done, hosts={name: {"preflight": CHANGES} for name in found}, moves=found)
    return dataclasses.replace(base, **given)


def told(given: Run, part: str = "preflight") -> list[str]:
    return [f"{found.kind} {found.subject}: {found.cause}" for found in findings(given, [part])]


# --- before it -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "more", "causes"),
    [
        (info(), {}, []),
        (info(unread=SIX), {}, []),  # told, and no reason to stop
        (info(move=False, overlap=None), {}, []),
        ({"msg": "truststore: no such file"}, {}, ["host h1: not known whether it moves to another Kafka: truststore"]),
        (
            {"unreachable": True, "msg": "no route"},
            {},
            ["host h1: not known whether it moves to another"],
        ),
        (info(), {"limited": ["h2"]}, ["run : this is a move to another Kafka, and --limit leaves out h2"]),
        (info(move=False), {"limited": ["h2"]}, []),
        (
            info(move=None, old=cluster(None, "no route"), unread=UNKNOWN),
            {},
            ["host h1: not known what OnlineFS would leave in its present Kafka: no route"],
        ),
        (info(move=None, old=cluster(None, "no route"), unread=UNKNOWN), {"old_unreadable": True}, []),
        (info(overlap=[RANGE]), {}, ["Kafka : OnlineFS may skip 6 rows (a_onlinefs 0: 4 to 9) of the declared Kafka"]),
        (info(overlap=[RANGE]), {"saved_offsets": "reset"}, []),
        (info(overlap=[RANGE]), {"saved_offsets": "accept"}, []),
        (
            info(missing=["b_onlinefs", "a_onlinefs"]),
            {},
            ["Kafka : the declared Kafka does not have 2 topics that OnlineFS has read (a_onlinefs, b_onlinefs), or"],
        ),
        (
            info(missing=["a_onlinefs"], overlap=[RANGE]),
            {},
            ["Kafka : OnlineFS may skip 6 rows", "Kafka : the declared"],
        ),
        (info(missing=["a_onlinefs"]), {"saved_offsets": "reset"}, []),
        (info(overlap=None, move=None, new=cluster(None, "refused")), {"saved_offsets": "accept"}, []),
        (info(overlap=[RANGE]), {"saved_offsets": "else"}, ["Kafka : OnlineFS may skip 6 rows"]),
        (
            info(overlap=None, move=None, new=cluster(None, "refused")),
            {},
            ["Kafka : not known whether OnlineFS"],
        ),
        (info(stranded={**SIX, "before": 0, "deleted": []}), {}, ["Kafka : 6 rows are left in the old Kafka, which"]),
        (info(stranded={**NOTHING, "before": 0, "deleted": []}), {}, []),
        (
            info(stranded={**UNKNOWN, "before": 0, "deleted": []}),
            {},
            ["Kafka : not known how many rows (no route)"],
        ),
        (info(stranded={**UNKNOWN, "before": 0, "deleted": []}), {"old_unreadable": True}, []),
        # To accept what is not known is not to accept what is.
        (
            info(stranded={**SIX, "rows": None, "unknown": [NOWHERE], "before": 0, "deleted": []}),
            {"old_unreadable": True},
            ["Kafka : 6 rows are left in the old Kafka, which"],
        ),
        (
            info(stranded={**SIX, "rows": None, "unknown": [NOWHERE], "before": 0, "deleted": []}),
            {},
            ["Kafka : not known how many rows (no route)", "Kafka : 6 rows are left in the old Kafka, which"],
        ),
        # The next move would forget them, although nobody has closed this one.
        (
            info(stranded={**NOTHING, "before": 0, "deleted": [RANGE]}),
            {},
            ["Kafka : lost: 6 rows that were left in the old Kafka, which OnlineFS left in an earlier move, and that"],
        ),
        (info(stranded={**NOTHING, "before": 9, "deleted": []}), {}, []),
    ],
)
def test_what_stops_a_move(given: dict[str, t.Any], more: dict[str, t.Any], causes: list[str]) -> None:
    for done, part in ((PREFLIGHT, "preflight"), ((), "onlinefs")):
        found = told(run(done, {"h1": {"info": given}}, **more), part)
        assert len(found) == len(causes) and all(
            cause.startswith(start) for cause, start in zip(found, causes, strict=True)
        ), found


def test_rows_that_were_left_where_onlinefs_returns_to_are_not_to_be_carried_away_from_there() -> None:
    """carry_over needs OnlineFS to read from the other Kafka, and so would send the operator back to this run."""

    def remedy(old: str) -> str:
        earlier = left(SIX, old=old)
        moves_back = info(record=earlier["record"], stranded=earlier["stranded"])
        return findings(run(moved={"h1": {"info": moves_back}}), PREFLIGHT)[0].remedy

    assert "carry_over" in remedy("older") and "before OnlineFS moves again" in remedy("older")
    assert "carry_over" not in remedy("new") and "close the earlier move on every host" in remedy("new")


@pytest.mark.parametrize(
    ("there", "red"),
    [
        (info(new=cluster("new")), False),
        (info(new=cluster("elsewhere")), True),
        (info(move=False, old=None, new=cluster("elsewhere")), True),
        (info(move=False, old=None, new=cluster("new")), False),
        (info(move=False, old=None, new=cluster(None, "no route")), False),
        (info(move=False, old=None, new=None), False),
    ],
)
def test_hosts_do_not_move_apart(there: dict[str, t.Any], red: bool) -> None:
    """The numbers of kept configurations differ between hosts, if one was added later."""
    base = run((), {"h1": {"info": info()}, "h2": {"info": there}}, hosts={"h1": {}, "h2": {}}, saved_offsets="accept")
    for part, parts in (("revert", ("revert",)), ("onlinefs", SITE)):
        found = told(dataclasses.replace(base, parts=parts, playbook=f"hopsworks.kafka.{parts[0]}"), part)
        cause = (
            "run : the hosts would read from different clusters, and share one set of saved offsets: cluster new: h1; "
            "cluster elsewhere: h2"
        )
        assert found == ([cause] if red else []), part


def test_a_host_that_reads_from_the_new_kafka_shows_that_nothing_is_skipped_any_more() -> None:
    """A run that was killed when one of two hosts had moved: the question was answered before that."""
    given = run(moved={"h1": {"info": info(overlap=[RANGE])}, "h2": {}})
    assert told(dataclasses.replace(given, hosts={"h1": {"preflight": CHANGES}, "h2": {"preflight": PROVED}})) == []
    there = info(move=False, old=None, new=None)
    assert told(run((), {"h1": {"info": info(overlap=[RANGE])}, "h2": {"info": there}}, hosts={}), "onlinefs") == []


ANEW = info(
    same_addresses=True,
    old=cluster("old", "cluster new answers at the addresses of cluster old"),
    unread={**UNKNOWN, "unknown": [{**NOWHERE, "reason": "cluster new answers there"}]},
    overlap=[RANGE],
)


@pytest.mark.parametrize(
    ("more", "causes"),
    [
        (
            {},
            [
                "host h1: not known what OnlineFS would leave in the Kafka that it has read from: cluster new answers",
                "Kafka : OnlineFS may skip 6 rows",
            ],
        ),
        ({"old_unreadable": True}, ["Kafka : OnlineFS may skip 6 rows"]),
        ({"old_unreadable": True, "saved_offsets": "reset"}, []),
        ({"saved_offsets": "accept"}, ["host h1: not known what OnlineFS would leave"]),
    ],
)
def test_another_cluster_at_the_same_addresses_stops_a_run_that_has_nothing_to_change(
    more: dict[str, t.Any], causes: list[str]
) -> None:
    """Although another host has the declared addresses, and so counts as one that has moved in any other move."""
    phases = {"h1": {"preflight": PROVED}, "h2": {"preflight": PROVED}}
    given = run(moved={"h1": {"info": ANEW}, "h2": {}}, hosts=phases, **more)
    found = told(given)
    assert len(found) == len(causes) and all(map(str.startswith, found, causes)), found
    assert hosts_to_change(given) == ["h1", "h2"] and "h1" in hosts_to_verify(given)
    settled = run(moved={"h1": {"info": info(move=False)}, "h2": {}}, hosts=phases)
    assert hosts_to_change(settled) == [] and hosts_to_verify(settled) == []


def test_the_summary_of_another_cluster_at_the_same_addresses() -> None:
    given = run(moved={"h1": {"info": ANEW}})
    assert moves.lines(given.moves) == [
        "from cluster old to cluster new, which has taken its addresses. All hosts stop, change and start together: "
        "hopsworks_kafka_serial does not apply",
        "unread before OnlineFS left: not known (cluster new answers there)",
        "left in the old Kafka: not known, as it could not be read",
    ]
    assert summarize(given).to_result()["move"]["same_addresses"] is True


@pytest.mark.parametrize(
    ("seen", "now", "red"),
    [
        ([("k:1", "old")], "new", True),
        ([("k:1", "old"), ("K:1 ", "new")], "new", False),
        ([("k:1", "old"), ("k:1", None)], "new", True),
        ([("elsewhere:1", "old")], "new", False),
        ([(None, "old")], "new", False),
        ([], "new", False),
        ([("k:1", "old")], None, False),
    ],
)
def test_verify_is_red_on_another_cluster_at_the_same_addresses(
    seen: list[tuple[str | None, str | None]], now: str | None, red: bool
) -> None:
    kept = [{"bootstrap_servers": servers, "cluster_id": cluster_id, "number": 1} for servers, cluster_id in seen]
    verified = {**PROVED, "generations": [{}, *kept], "cluster_id": now, "health": {"service": "active"}}
    found = told(run(("verify",), {"h1": {}}, hosts={"h1": {"verify": verified}}, bootstrap="k:1"), "verify")
    assert [cause[:70] for cause in found] == (
        ["host h1: cluster new answers at the addresses of cluster old, from whi"] if red else []
    )


@pytest.mark.parametrize(
    ("infos", "course"),
    [
        ({"h1": info(), "h2": info()}, {"roll": [], "move": ["h1", "h2"], "leave": ["h1", "h2"]}),
        ({"h1": info(move=None), "h2": info(move=False)}, {"roll": [], "move": ["h1", "h2"], "leave": ["h1"]}),
        ({"h1": info()}, {"roll": [], "move": ["h1", "h2"], "leave": ["h1"]}),
        ({"h1": info(move=False)}, {"roll": ["h1"], "move": [], "leave": []}),
        ({}, {"roll": ["h1"], "move": [], "leave": []}),
    ],
)
def test_all_hosts_take_part_in_a_move(infos: dict[str, t.Any], course: dict[str, t.Any]) -> None:
    assert moves.course({name: {"info": found} for name, found in infos.items()}, ["h1"], ["h1", "h2"]) == course


# --- during it -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "result", "cause"),
    [
        ("stop", {"msg": "stop is missing"}, "host h1: it was not stopped: stop is missing"),
        ("stop", {}, "host h1: it was not stopped: it returned no message"),
        ("leave", {"unreachable": True, "msg": "no route"}, "host h1: not recorded what it leaves: no route"),
        ("back", {"msg": "disk full"}, "host h1: not taken back to the old Kafka: disk full"),
        ("start", {"msg": "it fell over"}, "host h1: not started again with the old Kafka: it fell over"),
        ("drain", {"msg": "no"}, "host h1: before the move: no"),
        ("drain", info(drained=False, unread=SIX), "Kafka : OnlineFS has not read all"),
        ("drain", info(drained=True), None),
        ("drain", info(drained=None), None),
        ("stop", STOPPED, None),
        ("leave", LEFT, None),
        ("back", CHANGES, None),
    ],
)
def test_a_step_that_fails_is_named(step: str, result: dict[str, t.Any], cause: str | None) -> None:
    found = told(run(SITE, {"h1": {"info": info(), step: result}}, stopped="onlinefs"), "onlinefs")
    assert len(found) == (cause is not None) and (cause is None or found[0].startswith(cause)), found


@pytest.mark.parametrize(
    ("given", "more", "causes"),
    [
        (info(move=False), {}, []),
        (info(), {}, ["Kafka : the configuration to restore is one for another Kafka"]),
        (info(overlap=[RANGE]), {"saved_offsets": "reset"}, []),
        (info(), {"saved_offsets": "accept"}, []),
        (
            info(),
            {"saved_offsets": "accept", "limited": ["h2"]},
            ["run : this is a move to another Kafka, and --limit"],
        ),
        (
            info(move=None, new=cluster(None, "no route"), overlap=None),
            {},
            ["Kafka : the configuration to restore is one for another Kafka"],
        ),
        (
            info(move=None, old=cluster(None, "no route"), unread=UNKNOWN),
            {"saved_offsets": "accept"},
            ["host h1: not known what OnlineFS would leave in its present Kafka: no route"],
        ),
        (
            info(stranded={**SIX, "before": 0, "deleted": []}),
            {"saved_offsets": "accept"},
            ["Kafka : 6 rows are left in the old Kafka, which"],
        ),
        ({"msg": "generation 4: not kept"}, {}, ["host h1: not known whether it moves to another Kafka: generation 4"]),
    ],
)
def test_what_stops_a_revert_to_another_kafka(
    given: dict[str, t.Any], more: dict[str, t.Any], causes: list[str]
) -> None:
    base = run((), {"h1": {"info": given}}, hosts={"h1": {}}, parts=("revert",), playbook="hopsworks.kafka.revert")
    found = told(dataclasses.replace(base, **more), "revert")
    assert len(found) == len(causes) and all(map(str.startswith, found, causes)), found


def test_other_runs_have_no_findings_of_a_revert() -> None:
    moving = {"h1": {"info": info(), "stop": STOPPED, "leave": LEFT}}
    assert [finding.kind for finding in findings(run(SITE[:3], moving, stopped="x"))] == ["run"]
    given = findings(run(SITE, {"h1": {"info": info(), "stranded": left(SIX)}}, stopped="x"))
    assert [finding.remedy[:32] for finding in given] == ["Run hopsworks.kafka.carry_over, "]


def test_a_revert_names_what_was_left_and_the_hosts_that_went_back() -> None:
    base = run(("revert",), {"h1": {"info": info(), "stranded": left(SIX)}}, parts=("revert",), saved_offsets="accept")
    given = dataclasses.replace(base, hosts={"h1": {"revert": CHANGES}})
    [found] = findings(given, ["revert"])
    assert found.cause.startswith("6 rows (a_onlinefs 0: 4 to 9) are left in cluster old")
    assert "kafka_carry_over" in found.remedy and "Run hopsworks.kafka.carry_over" not in found.remedy
    back = {"info": info(), "stop": STOPPED, "leave": LEFT, "back": CHANGES, "start": STOPPED}
    gone = dataclasses.replace(base, moves={"h1": back}, hosts={"h1": {"revert": CHANGES}}, stopped="revert")
    assert [cause.split(":")[0] for cause in told(gone, "revert")] == ["host h1"]
    assert summarize(gone).hosts[0].state == "rolled back"


def test_hosts_that_went_back_with_the_one_that_failed() -> None:
    failed = {"msg": "no member joined", "rolled_back": True, "reasons": ["no member joined"]}
    back = {"stop": STOPPED, "leave": LEFT, "back": CHANGES, "start": STOPPED}
    given = run(
        ("preflight", "settings", "onlinefs"),
        {"h1": {"info": info(), **back}, "h2": {"info": info(), **back}, "h3": {"info": info(), **back, "back": {}}},
        hosts={
            "h1": {"preflight": CHANGES, "onlinefs": failed},
            "h2": {"preflight": CHANGES, "onlinefs": CHANGES},
            "h3": {"preflight": CHANGES, "onlinefs": CHANGES},
        },
        stopped="onlinefs",
    )
    summary = summarize(given)
    assert [(host.host, host.state) for host in summary.hosts] == [
        ("h1", "rolled back"),
        ("h2", "rolled back"),
        ("h3", "failed"),
    ]
    causes = [f"{cause.who()}: {cause.cause}" for cause in summary.causes]
    assert "host h1: no member joined" in causes
    assert "host h2: another host could not move, so this one has gone back to the old Kafka" in causes
    assert any(cause.startswith("host h3: not taken back to the old Kafka") for cause in causes), causes


@pytest.mark.parametrize(
    ("moving", "stop", "more", "red"),
    [
        (info(unread=UNKNOWN), {**STOPPED, "changed": True}, {}, True),
        (info(unread=UNKNOWN), {**STOPPED, "changed": False}, {}, False),  # a run that was killed has stopped it
        (info(unread=UNKNOWN), STOPPED, {}, False),
        (info(unread=UNKNOWN), {**STOPPED, "changed": True}, {"saved_offsets": "accept"}, False),
        (info(unread=UNKNOWN), {**STOPPED, "changed": True}, {"saved_offsets": "reset"}, False),  # an error says so
        (info(unread=SIX), {**STOPPED, "changed": True}, {}, False),  # the offsets are Kafka's own
    ],
)
def test_a_host_that_has_read_from_the_old_kafka_while_others_had_moved(
    moving: dict[str, t.Any], stop: dict[str, t.Any], more: dict[str, t.Any], red: bool
) -> None:
    """As one that was added with the installer's configuration: all of them save their offsets in the same place."""
    there = {"stop": {**STOPPED, "changed": False}}
    given = run(("preflight", "onlinefs"), {"h1": there, "h2": {"info": moving, "stop": stop}}, **more)
    found = told(given, "onlinefs")
    cause = (
        "Kafka : h2 has read from the old Kafka while h1 read from the other one: the saved offsets belong to both, "
    )
    assert [each[: len(cause)] for each in found] == ([cause] if red else [])
    alone = dataclasses.replace(given, moves={"h2": {"info": moving, "stop": stop}})
    assert told(alone, "onlinefs") == []


@pytest.mark.parametrize(
    ("moving", "red"),
    [
        (info(unread=UNKNOWN, overlap=[RANGE]), True),
        (info(unread=UNKNOWN, overlap=None), True),
        (info(unread=UNKNOWN), False),  # there was nothing to read
        (info(unread=NOTHING, overlap=[RANGE]), False),
    ],
)
def test_hosts_that_went_back_may_bring_offsets_of_the_other_kafka(moving: dict[str, t.Any], red: bool) -> None:
    back = {"info": moving, "stop": STOPPED, "leave": LEFT, "back": CHANGES, "start": STOPPED}
    failed = {"msg": "no member joined", "rolled_back": True, "reasons": ["no member joined"]}
    for part in ("onlinefs", "revert"):
        base = run((part,), {"h1": back}, parts=(part,), saved_offsets="accept", stopped=part)
        for result in (CHANGES, failed):
            found = findings(dataclasses.replace(base, hosts={"h1": {part: result}}), [part])
            about = [each for each in found if "before it went back" in each.cause]
            assert len(about) == red and all("delete its saved offsets" in each.remedy for each in about), found
        never = dataclasses.replace(base, hosts={"h1": {part: {"msg": "disk full"}}})
        assert not any("went back" in each.cause for each in findings(never, [part]))


# --- after it --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "more", "causes"),
    [
        ({"h1": left(NOTHING)}, {}, []),
        ({"h1": left(SIX)}, {}, ["Kafka : 6 rows (a_onlinefs 0: 4 to 9) are left in cluster old"]),
        ({"h1": left(SIX)}, {"old_unreadable": True}, ["Kafka : 6 rows"]),
        ({"h1": left(UNKNOWN)}, {}, ["Kafka : not known how many rows were left in cluster old: no route"]),
        ({"h1": left(UNKNOWN)}, {"old_unreadable": True}, []),
        (
            {"h1": left({**SIX, "rows": None, "unknown": UNKNOWN["unknown"]})},
            {},
            ["Kafka : not known", "Kafka : 6 rows"],
        ),
        ({"h1": left(NOTHING, before=5)}, {}, []),
        ({"h1": left(NOTHING, deleted=[RANGE])}, {}, ["Kafka : lost: 6 rows that OnlineFS had left in cluster old"]),
        ({"h1": {"msg": "damaged"}}, {}, ["host h1: not known what it has left in the old Kafka: damaged"]),
        # All had stopped before the first one recorded, which names the most rows. It may be one that cannot count now.
        ({"h1": left(UNKNOWN), "h2": left(NOTHING)}, {}, ["Kafka : not known how many rows"]),
        ({"h1": left(UNKNOWN), "h2": left(SIX)}, {}, ["Kafka : not known how many rows", "Kafka : 6 rows"]),
        ({"h1": left(SIX), "h2": left(NOTHING)}, {}, ["Kafka : 6 rows (a_onlinefs 0: 4 to 9) are left in cluster old"]),
        ({"h1": left(NOTHING), "h2": left(SIX)}, {}, ["Kafka : 6 rows (a_onlinefs 0: 4 to 9) are left in cluster old"]),
        ({"h1": left(SIX), "h2": left(NOTHING, "older")}, {}, ["Kafka : 6 rows"]),
        # Deleted or not, the first one to record has named them.
        ({"h1": left(NOTHING), "h2": left(NOTHING, deleted=[RANGE])}, {}, ["Kafka : lost: 6 rows that OnlineFS had"]),
    ],
)
def test_what_is_left_is_red(given: dict[str, t.Any], more: dict[str, t.Any], causes: list[str]) -> None:
    found = told(run(SITE, {name: {"stranded": result} for name, result in given.items()}, **more), "verify")
    assert len(found) == len(causes) and all(map(str.startswith, found, causes)), found
    # Not before the projects have been switched, and not in check mode.
    assert told(run(PREFLIGHT, {name: {"stranded": result} for name, result in given.items()}), "verify") == []


def test_the_summary_of_a_move() -> None:
    given = run(
        SITE,
        {
            "h1": {
                "info": info(unread=SIX),
                "stop": STOPPED,
                "leave": LEFT,
                "stranded": left({**SIX, "counted": 7, "rows": 7, "partitions": [RANGE, OTHER]}, before=3),
            },
            "h2": {"info": info(unread=UNKNOWN)},
        },
        hosts={name: {"preflight": CHANGES, "onlinefs": CHANGES} for name in ("h1", "h2")},
    )  # fmt: skip
    summary = summarize(given)
    lines = layout.lines(summary)
    first = next(number for number, line in enumerate(lines) if line.startswith("  Move"))
    assert lines[first : first + 4] == [
        "  Move          from cluster old to cluster new. All hosts stop, change and start together: "
        "hopsworks_kafka_serial does not apply",
        "                unread before OnlineFS left: 6 rows",
        "                left in cluster old: 7 rows (a_onlinefs 0: 4 to 9, b_onlinefs 2: 0 to 0)",
        "                not known whether OnlineFS had read 3 rows there: Kafka has no offsets of it",
    ]
    shown = summary.to_result()
    assert shown["move"]["hosts"] == ["h1", "h2"] and shown["move"]["unread"] == 6 and shown["move"]["known"]
    assert shown["stranded"][0]["rows"] == 7 and shown["stranded"][0]["partitions"] == [RANGE, OTHER]
    assert shown["ok"] is False


def test_not_known_is_never_zero_in_the_summary() -> None:
    given = run(
        SITE,
        {
            "h1": {
                "info": info(move=None, old=cluster(None, "no route"), unread=UNKNOWN),
                "stranded": left(UNKNOWN, None),
            }
        },
        old_unreadable=True,
    )
    lines = moves.lines(given.moves)
    assert lines[0].startswith("perhaps to another cluster")
    assert lines[1:] == [
        "unread before OnlineFS left: not known (no route)",
        "left in the old Kafka: not known, as it could not be read",
    ]
    assert summarize(given).to_result()["stranded"][0]["rows"] is None


def test_the_summary_names_topics_that_are_not_there_and_an_earlier_move_that_is_forgotten() -> None:
    """Also if the run need not stop for them."""
    earlier = left(NOTHING, old="older")
    moving = info(missing=["a_onlinefs"], record=earlier["record"], stranded=earlier["stranded"])
    lines = moves.lines({"h1": {"info": moving}})
    assert "not in the declared Kafka, or hidden there: a_onlinefs" in lines
    assert "nothing is left in cluster older, of an earlier move. After this one, nobody counts there" in lines
    assert summarize(run(moved={"h1": {"info": moving}})).to_result()["move"]["missing"] == ["a_onlinefs"]


def test_without_a_move_there_is_nothing_to_tell() -> None:
    assert moves.lines({"h1": {}}) == [] and moves.move({"h1": {"info": info(move=False)}}) is None


# --- carrying over ---------------------------------------------------------------------------------------------------

SEVEN = {"rows": 7, "counted": 7, "partitions": [RANGE, OTHER], "unknown": []}


def carried(rows: int = 6, left_rows: dict[str, t.Any] | None = None, **more: t.Any) -> dict[str, t.Any]:
    """What onlinefs_move says of a host that has carried rows over."""
    stranded = {"before": 0, "deleted": [], **(left_rows or NOTHING)}
    base = {"rows": rows, "bytes": 2_000_000, "carried_before": 0, "complete": True, "record": OLD}
    return {**base, "stranded": stranded, "msg": "", **more}


def carry_run(moved: dict[str, dict[str, t.Any]], **given: t.Any) -> Run:
    hosts: dict[str, dict[str, t.Any]] = {name: {} for name in moved}
    base = Run("hopsworks.kafka.carry_over", ["carry_over"], ["carry_over"], hosts=hosts, moves=moved)
    return dataclasses.replace(base, **given)


@pytest.mark.parametrize(
    ("moved", "hosts"),
    [
        # All had stopped before the first one recorded, which names the most rows.
        ({"h1": left(SEVEN), "h2": left(SIX)}, ["h1"]),
        ({"h1": left(SIX), "h2": left(NOTHING)}, ["h1"]),
        ({"h1": left(UNKNOWN), "h2": left(SIX)}, ["h2"]),
        ({"h1": left(UNKNOWN)}, []),
        ({"h1": left({**UNKNOWN, "counted": 6, "partitions": [RANGE]})}, ["h1"]),
        ({"h1": left(SIX), "h2": left(SEVEN, old="older"), "h3": {"msg": "no"}}, ["h1", "h2"]),
        ({"h1": info(move=False)}, []),
    ],
)
def test_one_host_carries_for_each_old_kafka(moved: dict[str, t.Any], hosts: list[str]) -> None:
    assert moves.carriers({name: {"stranded": each} for name, each in moved.items()}) == hosts


def test_nothing_is_carried_where_a_move_is_not_complete_on_every_host() -> None:
    incomplete = info(record=OLD, stranded=None)
    found = {"h1": {"stranded": left(SIX)}, "h2": {"stranded": incomplete}}
    assert moves.carriers(found) == []
    assert any("not complete" in each for each in told(carry_run(found), "carry_over"))


def test_nothing_is_carried_where_hosts_name_different_addresses_of_the_old_kafka() -> None:
    """One of them may have been written by the service's own user, to have its own rows carried."""

    def at(servers: str) -> dict[str, t.Any]:
        counted = left(SIX)
        return {**counted, "record": {**counted["record"], "old_servers": servers}}

    same = {"h1": {"stranded": at("a:9092,b:9092")}, "h2": {"stranded": at("b:9092, A:9092")}}
    assert moves.carriers(same) == ["h1"]
    forged = {**same, "h3": {"stranded": at("evil:9092")}}
    assert moves.carriers(forged) == []
    cause = "under different addresses, so nothing is carried: h1: a:9092, b:9092; h3: evil:9092"
    assert any(cause in each for each in told(carry_run(forged), "carry_over")), told(carry_run(forged), "carry_over")


@pytest.mark.parametrize(
    ("moved", "more", "causes"),
    [
        ({"stranded": left(SIX), "carry": carried()}, {}, []),
        ({"stranded": left(NOTHING)}, {}, []),
        ({"stranded": info(move=False)}, {}, []),
        ({"stranded": left(SIX), "carry": carried(left_rows=SIX)}, {}, ["Kafka : 6 rows (a_onlinefs 0: 4 to 9) are"]),
        ({"stranded": left(SIX), "carry": carried(left_rows=SIX)}, {"check_mode": True}, []),
        ({"stranded": left(UNKNOWN)}, {"check_mode": True}, ["Kafka : not known how many rows were left"]),
        (
            {"stranded": left(SIX), "carry": carried(0, SIX, complete=False, msg="target: refused")},
            {},
            ["host h1: it could not carry over what was left: target: refused", "Kafka : 6 rows"],
        ),
        (
            {"stranded": left(SIX), "carry": {"msg": "no route", "unreachable": True}},
            {"check_mode": True},
            ["host h1: it could not carry over what was left: no route"],
        ),
        ({"stranded": {"msg": "no such store"}}, {}, ["host h1: not known what it has left in the old Kafka: no such"]),
        ({"stranded": info(record=OLD)}, {}, ["host h1: it has recorded a move that is not complete"]),
        ({}, {}, ["host h1: not reached"]),
        ({}, {"limited": ["h1"]}, []),
    ],
)
def test_what_is_wrong_with_carrying(moved: dict[str, t.Any], more: dict[str, t.Any], causes: list[str]) -> None:
    found = told(carry_run({"h1": moved}, **more), "carry_over")
    assert len(found) == len(causes), found
    assert all(cause.startswith(start) for cause, start in zip(found, causes, strict=True)), found


def test_the_summary_of_what_was_carried() -> None:
    moved = {"h1": {"stranded": left(SEVEN)}, "h2": {"stranded": left(SIX), "carry": carried()}}
    made = summarize(carry_run(moved))
    assert made.to_result()["carried"] == [
        {"host": "h2", "old_cluster": "old", "rows": 6, "bytes": 2_000_000, "before": 0, "complete": True}
    ]
    assert [each["rows"] for each in made.to_result()["stranded"]] == [0]
    shown = [" ".join(line.split()) for line in layout.lines(made)]
    assert shown[0] == "hopsworks.kafka.carry_over: done, and nothing is wrong."
    assert "Move 6 rows (2.0 MB) were carried over from cluster old, by host h2" in shown
    assert "left in cluster old: no rows" in shown
    assert any("close the move" in line for line in shown) and not any("Projects" in line for line in shown)
    dry = carry_run({"h2": {"stranded": left(SIX), "carry": carried(left_rows=SIX)}}, check_mode=True)
    text = " ".join(" ".join(layout.lines(summarize(dry))).split())
    assert "6 rows (2.0 MB) would be carried over from cluster old, by host h2 left in cluster old: 6 rows" in text


def test_what_another_host_could_not_count_is_not_carried_by_this_one() -> None:
    """The other one may have recorded first, and then knows of rows that this one does not."""
    moved = {"h1": {"stranded": left(UNKNOWN)}, "h2": {"stranded": left(SIX), "carry": carried()}}
    [found] = told(carry_run(moved), "carry_over")
    assert found == "Kafka : not known how many rows were left in cluster old: no route"
    assert told(carry_run(moved, old_unreadable=True), "carry_over") == []
    again = {**moved["h2"], "stranded": left({**SIX, "rows": None, "unknown": [NOWHERE]})}
    assert told(carry_run({"h2": again}), "carry_over") == [], "it has counted again since"


def test_where_no_move_is_recorded_the_summary_says_so() -> None:
    lines = layout.lines(summarize(carry_run({"h1": {"stranded": info(move=False)}})))
    assert any("no host has recorded one, so there is nothing to carry over" in line for line in lines)
    lines = layout.lines(summarize(carry_run({"h1": {"stranded": {"msg": "no"}}})))
    assert not any("no host has recorded" in line for line in lines)


@pytest.mark.parametrize(
    "odd",
    [
        {"move": "no"},
        {"stranded": {**SIX}},
        {"stranded": {**SIX, "before": "x", "deleted": []}},
        {"overlap": [{"topic": "a"}]},
        {"missing": "a"},
        {"record": {"old_cluster": 5, "generation": 1}},
        {"unread": {**SIX, "rows": 2**70}},
        [],
        None,
    ],
)
def test_what_another_program_could_have_returned_is_a_failure(odd: t.Any) -> None:
    given = {**info(), **odd} if isinstance(odd, dict) else odd
    assert "move" not in host_results.checked_move(given) and "another type" in host_results.checked_move(given)["msg"]
