# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault that the server can have, met by 1 %, 10 % and all of the requests, and by one that is chosen."""

from __future__ import annotations

import typing as t

import pytest

from tests.emulator.faults import KINDS
from tests.emulator.fixtures import Emulator, emulator_in_thread
from tests.integration.faults import bed

Fault = dict[str, t.Any]

#: Those that are gone when asked again.
PASSING: dict[str, Fault] = {
    "429": {"status": 429},
    "429, seconds": {"status": 429, "headers": {"Retry-After": "1"}},
    "429, date": {"status": 429, "headers": {"Retry-After": "+1s"}},
    "502": {"status": 502},
    "503": {"status": 503},
    "504": {"status": 504},
    "503 though written": {"status": 503, "commit": True},
    "slow first byte": {"kind": "slow_first_byte", "seconds": 0.1},
    "slow body": {"kind": "slow_body", "seconds": 0.2},
    "truncated": {"kind": "truncated_json"},
    "wrong length": {"kind": "wrong_length"},
    "reset before": {"kind": "reset_before_commit"},
    "reset after": {"kind": "reset_after_commit"},
    "TLS cut": {"kind": "close_mid_stream"},
}
#: Those that another attempt does not cure.
LASTING: dict[str, Fault] = {
    "401": {"status": 401},
    "403": {"status": 403},
    "404": {"status": 404},
    "409": {"status": 409},
    "500": {"status": 500},
    "500 though written": {"status": 500, "commit": True},
    "HTML": {"kind": "html"},
}
FAULTS = {**PASSING, **LASTING}

#: Enough for 1 % to strike: five requests for each project.
MANY, FEW = 24, 8


def test_the_list_is_complete() -> None:
    assert {fault.get("kind", "status") for fault in FAULTS.values()} == set(KINDS)


@pytest.mark.parametrize("share", [0.01, 0.1, 1.0], ids=["1%", "10%", "100%"])
@pytest.mark.parametrize("name", FAULTS)
def test_share(name: str, share: float) -> None:
    with emulator_in_thread(projects=MANY if share < 0.1 else FEW, tls=True) as emulator:
        # Time for two waits in a row of a second each; where all requests fail it is the time until that is told.
        wanted = bed.options(emulator, timeout=1 if share == 1 else 6)
        before = bed.stored(emulator)
        # The list of projects is read first: without it nothing begins.
        emulator.set_faults([{"match": {"share": share, "seed": 1, "route": "/project/{pid}*"}, "fault": FAULTS[name]}])
        result = bed.run(wanted)
        assert emulator.faults()[0]["hits"] > 0
        after = bed.stored(emulator)
        bed.check_report(result, before, after)
        bed.check_posts(emulator)
        bed.check_converged(after, wanted, (n for n, entry in result.by_project.items() if not entry["error"]))
        if share < 1 and (name in PASSING):
            assert not result.failed, result["msg"]
        if share < 1 and name != "401":
            # The others converge: no project fails that met no fault.
            met = {entry["path"].split("/")[2] for entry in emulator.log() if "fault" in entry}
            struck = {name for name, project in after.items() if str(project["id"]) in met}
            assert set(result.failed) <= struck
        if share == 1 and FAULTS[name].get("kind") not in bed.SLOW:
            assert set(result.failed) == set(before)
        bed.check_heals(emulator, wanted)


@pytest.mark.parametrize("route", ["/project", "/project/{pid}/featurestores/{fsid}"])
@pytest.mark.parametrize("name", FAULTS)
def test_reading_fails_at_first(name: str, route: str) -> None:
    """The first request of all, and the first of a project."""
    with emulator_in_thread(projects=2, tls=True) as emulator:
        wanted = bed.options(emulator)
        emulator.set_faults([{"match": {"nth": 1, "route": route}, "fault": FAULTS[name]}])
        result = bed.run(wanted)
        if name in PASSING:
            assert not result.failed and result["changed"], result["msg"]
        else:
            assert result["failed"]
        bed.check_heals(emulator, wanted)


def one_each(emulator: Emulator, method: str, route: str, faults: t.Mapping[str, Fault]) -> dict[str, str]:
    """Strikes the first such request of each project with a fault of its own; project by name of fault."""
    given = {name: f"project_{number}" for number, name in enumerate(faults, start=1)}
    emulator.set_faults(
        [
            {"match": {"method": method, "route": route, "project": given[name], "nth": 1}, "fault": fault}
            for name, fault in faults.items()
        ]
    )
    return given


ALONE = {name: fault for name, fault in FAULTS.items() if name != "401"}
CONNECTORS = "*/storageconnectors"


@pytest.mark.parametrize(
    ("method", "route"),
    [("GET", f"{CONNECTORS}/{{name}}"), ("POST", "*/dataset/upload/*"), ("POST", CONNECTORS)],
    ids=["GET connector", "POST upload", "POST connector"],
)
def test_chosen_request_of_a_first_run(method: str, route: str) -> None:
    with emulator_in_thread(projects=len(ALONE) + 1, tls=True) as emulator:
        wanted = bed.options(emulator)
        before = bed.stored(emulator)
        given = one_each(emulator, method, route, ALONE)
        result = bed.run(wanted)
        after = bed.stored(emulator)
        hits = [rule["hits"] for rule in emulator.faults()]
        assert hits == [1] * len(hits), dict(zip(given, hits, strict=True))
        bed.check_report(result, before, after)
        bed.check_posts(emulator)
        bed.check_converged(after, wanted, (n for n, entry in result.by_project.items() if not entry["error"]))
        assert set(result.failed) <= {given[name] for name in LASTING if name in given}, result["msg"]
        bed.check_heals(emulator, wanted)


@pytest.mark.parametrize(
    ("method", "route"),
    [("PUT", f"{CONNECTORS}/{{name}}"), ("DELETE", "*/dataset/*")],
    ids=["PUT connector", "DELETE file"],
)
def test_chosen_request_of_a_rotation(method: str, route: str) -> None:
    with emulator_in_thread(projects=len(ALONE) + 1, tls=True) as emulator:
        assert not bed.run(bed.options(emulator)).failed
        wanted = bed.options(emulator, bed.SECOND)
        before = bed.stored(emulator)
        given = one_each(emulator, method, route, ALONE)
        result = bed.run(wanted)
        after = bed.stored(emulator)
        hits = [rule["hits"] for rule in emulator.faults()]
        assert hits == [1] * len(hits), dict(zip(given, hits, strict=True))
        bed.check_report(result, before, after)
        bed.check_posts(emulator)
        assert set(result.failed) <= {given[name] for name in LASTING if name in given}, result["msg"]
        # The old files may be left where their removal failed; a look into the directory finds them.
        bed.check_heals(emulator, {**wanted, "check_files": True})


def test_chosen_request_of_a_removal() -> None:
    with emulator_in_thread(projects=len(ALONE) + 1, tls=True) as emulator:
        assert not bed.run(bed.options(emulator)).failed
        before = bed.stored(emulator)
        given = one_each(emulator, "DELETE", f"{CONNECTORS}/{{name}}", ALONE)
        gone = {**bed.options(emulator), "state": "absent"}
        result = bed.run(gone)
        bed.check_report(result, before, bed.stored(emulator))
        assert set(result.failed) <= {given[name] for name in LASTING if name in given}, result["msg"]
        emulator.set_faults([])
        assert not bed.run(gone).failed
        assert not bed.run(gone)["changed"]
        assert all(bed.content(project) == ({}, {}) for project in bed.stored(emulator).values())
