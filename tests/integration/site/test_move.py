# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""site moves OnlineFS from a stand-in cluster to the brokers of the lab, as an operator would meet it."""

from __future__ import annotations

import json
import pathlib
import subprocess
import typing as t

import pytest

from tests.integration.site.conftest import Bed, Run
from tests.integration.site.test_last_lines import shown
from tests.lab.__main__ import service_command
from tests.moves.cluster import Cluster

TOPIC = ("project_1_onlinefs", 0)
#: As an operator has them who has set nothing.
UNSET = {"hopsworks_kafka_saved_offsets": "", "hopsworks_kafka_old_cluster": ""}


@pytest.fixture(scope="module")
def old(bed: Bed) -> t.Iterator[Cluster]:
    """The Kafka of the hosts: OnlineFS has read 7 of 10 rows. The lab's brokers have rows in a topic of that name."""
    parts: dict[tuple[str, int], tuple[int, int] | None] = {TOPIC: (0, 10), ("elsewhere_onlinefs", 0): (0, 0)}
    with Cluster("old-cluster", parts, {"onlinefs_rondb": {TOPIC: 7}}).running() as made:
        for home in bed.note["homes"]:
            for name in ("onlinefs-kafka.properties", "onlinefs-kafka-vector-db.properties"):
                file = pathlib.Path(home, "etc", name)
                lines = [line for line in file.read_text().splitlines() if "servers" not in line and "SSL" not in line]
                file.write_text("\n".join([*lines, f"bootstrap.servers = {made.bootstrap}", ""]))
        yield made


def up(bed: Bed) -> list[bool]:
    """Whether the service of each host runs."""
    commands = [service_command("status", pathlib.Path(home)) for home in bed.note["homes"]]
    return [subprocess.run(command, check=False, capture_output=True).returncode == 0 for command in commands]


def records(bed: Bed) -> list[bool]:
    return [pathlib.Path(home, ".kafka_generations", "move.json").exists() for home in bed.note["homes"]]


def reads_from(bed: Bed, servers: str) -> bool:
    """Whether every host is configured for these servers."""
    texts = [pathlib.Path(home, "etc", "onlinefs-kafka.properties").read_text() for home in bed.note["homes"]]
    return all(servers in text.replace("\\:", ":") for text in texts)


def moves(run: Run) -> list[str]:
    """The lines of the summary about the move."""
    lines = shown(run)
    first = next((number for number, line in enumerate(lines) if line.startswith("  Move  ")), len(lines))
    following = lines[first + 1 :]
    last = next((number for number, line in enumerate(following) if not line.startswith("      ")), len(following))
    return [" ".join(line.split()) for line in [*lines[first : first + 1], *following[:last]]]


def test_preflight_names_what_may_be_skipped_and_what_is_unread(bed: Bed, old: Cluster) -> None:
    files = bed.files()
    run = bed.play("preflight", **UNSET)
    assert run.code != 0, run
    text = " ".join(" ".join(shown(run)).split())
    assert "Kafka: OnlineFS may skip 1 row (project_1_onlinefs" in text, run
    assert "hopsworks_kafka_saved_offsets=reset" in text, run
    [first, *others] = moves(run)
    assert first.startswith("Move from cluster old-cluster to cluster mock"), run
    assert "unread before OnlineFS left: 3 rows" in others, run
    assert bed.files() == files and up(bed) == [True, True] and records(bed) == [False, False]


def test_site_stops_before_anything_is_switched(bed: Bed, old: Cluster) -> None:
    files = bed.files()
    bed.control("DELETE", "requests")
    run = bed.play("site", **UNSET)
    assert run.code != 0 and "so nothing was changed" in run.output, run
    assert bed.writes() == 0 and bed.files() == files and up(bed) == [True, True]


def test_if_one_host_fails_all_go_back(bed: Bed, old: Cluster) -> None:
    files = bed.files()
    hosts = json.loads((bed.directory / "inventory.yml").read_text())["all"]["children"]["onlinefs"]["hosts"]
    broken = {**hosts["onlinefs2"]["onlinefs_service_commands"], "restart": "/bin/false"}
    further = bed.inventory(onlinefs={"hosts": {"onlinefs2": {"onlinefs_service_commands": broken}}})
    run = bed.play("onlinefs", "-i", further, **{**UNSET, "hopsworks_kafka_saved_offsets": "accept"})
    assert run.code != 0, run
    text = " ".join(" ".join(shown(run)).split())
    assert "host onlinefs1: another host could not move, so this one has gone back" in text, run
    assert "onlinefs1: rolled back" in text and "onlinefs2: rolled back" in text, text
    assert bed.files() == files and reads_from(bed, old.bootstrap)
    assert up(bed) == [True, True] and records(bed) == [False, False]
    assert not any(bed.connectors().values())


def test_if_the_saved_offsets_cannot_be_deleted_all_go_back(bed: Bed, old: Cluster) -> None:
    files = bed.files()
    reset = {"hopsworks_kafka_saved_offsets": "reset", "hopsworks_kafka_reset_offsets_command": "false"}
    run = bed.play("site", **{**UNSET, **reset})
    assert run.code != 0 and "hopsworks_kafka_reset_offsets_command failed" in run.output, run
    assert bed.files() == files and reads_from(bed, old.bootstrap)
    assert up(bed) == [True, True] and records(bed) == [False, False]
    assert not any(bed.connectors().values())


def test_without_a_command_the_run_stops_where_every_host_is_stopped(bed: Bed, old: Cluster) -> None:
    run = bed.play("site", **{**UNSET, "hopsworks_kafka_saved_offsets": "reset"})
    assert run.code != 0 and "OnlineFS is stopped on every host" in run.output, run
    assert up(bed) == [False, False] and records(bed) == [True, True]
    assert reads_from(bed, old.bootstrap) and not any(bed.connectors().values())


def test_the_next_run_completes_the_move_and_names_what_was_left(
    bed: Bed, old: Cluster, tmp_path: pathlib.Path
) -> None:
    # Clients that still hold the old connector have written on.
    old.parts[TOPIC] = (0, 15)
    deleted = tmp_path / "deleted"
    reset = {"hopsworks_kafka_saved_offsets": "reset", "hopsworks_kafka_reset_offsets_command": f"touch {deleted}"}
    run = bed.play("site", **{**UNSET, **reset})
    assert run.code != 0 and deleted.exists(), run
    assert up(bed) == [True, True] and reads_from(bed, bed.note["bootstrap"])
    assert all(bed.connectors().values())
    text = " ".join(" ".join(shown(run)).split())
    assert "Kafka: 8 rows (project_1_onlinefs 0: 7 to 14) are left in cluster old-cluster" in text, run
    assert "-> Run hopsworks.kafka.carry_over" in text, run
    assert "hopsworks.kafka.site: 1 thing is wrong" in text, run


def test_verify_is_red_while_rows_are_left(bed: Bed, old: Cluster) -> None:
    run = bed.play("verify", **UNSET)
    assert run.code != 0 and "8 rows (project_1_onlinefs 0: 7 to 14) are left" in run.output, run


def test_an_old_kafka_that_is_gone_is_not_known_and_never_zero(bed: Bed, old: Cluster) -> None:
    old.cluster_id = ""
    run = bed.play("verify", **UNSET)
    assert run.code != 0 and "not known how many rows were left in cluster old-cluster" in run.output, run
    accepted = bed.play("verify", **{**UNSET, "hopsworks_kafka_old_cluster": "unreadable"})
    assert accepted.code == 0 and "left in cluster old-cluster: not known" in accepted.output, accepted


def test_a_move_that_is_closed_costs_nothing_any_more(bed: Bed, old: Cluster) -> None:
    for home in bed.note["homes"]:
        pathlib.Path(home, ".kafka_generations", "move.json").unlink()  # as state=closed does
    asked = len(old.asked)
    run = bed.play("site", **UNSET)
    assert run.code == 0 and set(run.changed.values()) == {0}, run
    assert moves(run) == [] and len(old.asked) == asked, run


def test_another_cluster_at_the_same_addresses_is_a_move(bed: Bed, tmp_path: pathlib.Path) -> None:
    """The cluster was made anew behind the same names. Nothing of the configuration changes."""
    seen = [
        path for home in bed.note["homes"] for path in pathlib.Path(home, ".kafka_generations").glob("*/manifest.json")
    ]
    for path in seen:  # as if Kafka had had this id when OnlineFS was seen to read from it
        path.write_text(json.dumps({**json.loads(path.read_text()), "cluster_id": "gone-cluster"}))
    files = bed.files()
    bed.control("DELETE", "requests")
    for playbook in ("site", "onlinefs"):
        run = bed.play(playbook, **UNSET)
        text = " ".join(" ".join(shown(run)).split())
        assert run.code != 0 and "answers at the addresses of cluster gone-cluster" in text, run
        assert "OnlineFS may skip " in text and "hopsworks_kafka_saved_offsets=reset" in text, run
        assert "hopsworks_kafka_old_cluster=unreadable" in text, run
        assert bed.writes() == 0 and bed.files() == files and up(bed) == [True, True], run
        assert records(bed) == [False, False], run
    told = {"hopsworks_kafka_old_cluster": "unreadable", "hopsworks_kafka_saved_offsets": "reset"}
    failed = bed.play("site", **{**told, "hopsworks_kafka_reset_offsets_command": "false"})
    assert failed.code != 0 and "hopsworks_kafka_reset_offsets_command failed" in failed.output, failed
    assert up(bed) == [True, True] and records(bed) == [False, False], failed
    waits = bed.play("site", **told)
    assert waits.code != 0 and "OnlineFS is stopped on every host" in waits.output, waits
    assert up(bed) == [False, False] and records(bed) == [True, True], waits
    deleted = tmp_path / "deleted"
    run = bed.play("site", **{**told, "hopsworks_kafka_reset_offsets_command": f"touch {deleted}"})
    assert run.code == 0 and deleted.exists() and up(bed) == [True, True], run
    assert "which has taken its addresses" in moves(run)[0], run
    again = bed.play("site", **UNSET)
    assert again.code == 0 and set(again.changed.values()) == {0} and moves(again) == [], again


def test_going_back_to_the_old_kafka_is_a_move_too(bed: Bed, old: Cluster) -> None:
    old.cluster_id = "old-cluster"
    files, connectors = bed.files(), bed.connectors()
    bed.control("DELETE", "requests")
    run = bed.play("revert", **{**UNSET, "hopsworks_kafka_old_cluster": "unreadable"})
    text = " ".join(" ".join(shown(run)).split())
    assert run.code != 0 and "the configuration to restore is one for another Kafka" in text, run
    assert bed.writes() == 0 and bed.files() == files and up(bed) == [True, True], run

    told = {"hopsworks_kafka_old_cluster": "unreadable", "hopsworks_kafka_saved_offsets": "accept"}
    hosts = json.loads((bed.directory / "inventory.yml").read_text())["all"]["children"]["onlinefs"]["hosts"]
    broken = {**hosts["onlinefs2"]["onlinefs_service_commands"], "restart": "/bin/false"}
    further = bed.inventory(onlinefs={"hosts": {"onlinefs2": {"onlinefs_service_commands": broken}}})
    run = bed.play("revert", "-i", further, **told)
    text = " ".join(" ".join(shown(run)).split())
    assert run.code != 0 and "host onlinefs1: another host could not move, so this one has gone back" in text, run
    assert bed.files() == files and up(bed) == [True, True] and any(connectors.values()), run
    assert not any(bed.connectors().values()), "the projects are switched first"

    run = bed.play("revert", **told)
    assert run.code == 0 and reads_from(bed, old.bootstrap) and up(bed) == [True, True], run
    [first, *others] = moves(run)
    assert first.startswith("Move from cluster mock") and "to cluster old-cluster" in first, run
    assert any(line.startswith("left in cluster mock") for line in others) and records(bed) == [True, True], run
    again = bed.play("revert", **UNSET)
    assert again.code == 0 and set(again.changed.values()) == {0}, again
