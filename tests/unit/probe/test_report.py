# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries, their order, the table, and a remedy for every reason."""

from __future__ import annotations

import re
import time
import typing as t
import unicodedata

import pytest
import yaml
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe import findings, reasons, report, stages
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe.report import (
    STAGES,
    Report,
    StageResult,
    complete,
    failed,
    passed,
)
from ansible_collections.hopsworks.kafka.plugins.modules import kafka_probe
from hypothesis import given
from hypothesis import strategies as st

#: Codes that need no remedy: they tell of nothing that is wrong.
NO_REMEDY = {"settings_ignored", "not_reached", "not_asked", "not_checked", ""}


def entry(stage: str, ok: bool | None, reason: str = "", target: str = "") -> StageResult:
    return StageResult(stage, target, ok, reason, "seen", "do this" if ok is False else "", 3)


def test_every_stage_is_there_once_at_least_and_in_order() -> None:
    stages = complete([entry("tls", False, "weak"), entry("config", True), entry("resolve", True, target="b")])
    assert [one.stage for one in stages] == list(STAGES)
    assert [one.ok for one in stages[:4]] == [True, True, None, False]
    assert {one.reason for one in stages if one.ok is None} == {"not_reached"}


def test_what_was_not_asked_for_is_told_from_what_was_not_reached() -> None:
    stages = complete([], asked={"config", "resolve"})
    assert [one.reason for one in stages] == ["not_reached"] * 2 + ["not_asked"] * 8


def test_the_first_failure_counts() -> None:
    report = Report(complete([entry("listeners", False, "late"), entry("connect", False, "refused", "b:1")]))
    assert not report.ok
    assert report.failed_stage == "connect"
    assert report.headline() == "Kafka connection: stage connect failed at b:1: refused"
    assert report.to_result()["stages"][2] == {
        "stage": "connect",
        "target": "b:1",
        "ok": False,
        "reason": "refused",
        "detail": "seen",
        "remedy": "do this",
        "ms": 3,
    }


def test_certificates_are_those_of_the_stores_and_of_each_broker_once() -> None:
    ours, broker, other = (
        {"subject": name, "expires": "2027-01-01T00:00:00Z", "days_left": 90} for name in ("CN=us", "CN=k1", "CN=k2")
    )
    entries = [
        entry("tls", True, target="k1:1")._replace(certificate=broker),
        entry("listeners", True, target="k1:1"),
        entry("listeners", True, target="k2:1")._replace(certificate=other),
    ]
    seen = findings.Findings(STAGES)
    seen.own_certificates([{"store": "keystore", **ours}])
    seen.cluster_id("abc\x1b")
    for one in entries:
        seen.add(one)
    found = seen.report()
    assert found.certificates == [
        {"store": "keystore", **ours},
        {"store": "k1:1", **broker},
        {"store": "k2:1", **other},
    ]
    assert found.cluster_id == "abc\\x1b"


def test_a_reservation_is_no_failure() -> None:
    report = Report(complete([passed("topics", "t", "seen", time.monotonic(), "under_replicated")]))
    assert report.ok
    assert report.failed_stage is None
    assert "Bring back the brokers" in report.table()


def test_the_table_names_result_reason_detail_and_remedy() -> None:
    found = [passed("config", "", "SASL_SSL PLAIN", 0), failed("connect", "kafka:9092", "refused", "no luck", 0)]
    lines = Report(complete(found)).table().splitlines()
    row = next(line for line in lines if line.startswith("connect"))
    assert row.split()[:2] == ["connect", "FAILED"]
    assert row.endswith("refused")
    below = lines[lines.index(row) + 1 :]
    assert below[0].strip() == "no luck"
    assert below[1].strip().startswith("-> Nothing listens")
    assert [line.split()[1] for line in lines if line.startswith("metadata")] == ["-"]


@given(st.text(max_size=300), st.text(max_size=80))
def test_no_text_breaks_the_table(detail: str, target: str) -> None:
    table = Report(complete([failed("tls", target, "tls_closed", detail, time.monotonic())])).table()
    assert "tls_closed" in table


@pytest.mark.parametrize("reason", sorted(reasons.REMEDIES))
def test_remedies_are_sentences_without_an_end(reason: str) -> None:
    text = reasons.remedy("connect", reason)
    assert text[0].isupper()
    assert not text.endswith((".", " "))


def test_every_reason_has_a_remedy() -> None:
    assert set(reasons.REMEDIES) == set(t.get_args(reasons.Reason)) - NO_REMEDY


def test_the_module_documents_every_reason_and_no_other() -> None:
    documented = yaml.safe_load(kafka_probe.RETURN)["stages"]["contains"]["reason"]["description"]
    assert set(re.findall(r"V\((\w+)\)", " ".join(documented))) == set(t.get_args(reasons.Reason)) - {""}


def test_the_steps_go_through_all_stages_in_their_order() -> None:
    assert tuple(stage for step in stages.SEQUENCE for stage in step.stages) == STAGES


@given(st.text(max_size=50))
def test_control_characters_are_shown_as_escapes(text: str) -> None:
    shown = report.printable(text)
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in shown if character != "\t")
    assert report.printable("x" * 9000) == "x" * 2000 + "…"


def test_a_probe_that_ends_without_a_reason_has_failed() -> None:
    found = findings.Findings({"config", "resolve"})
    assert found.report().failed_stage == "config"
    found.add(passed("config", "", "seen", 0))
    found.close()
    found.add(passed("resolve", "", "too late", 0))
    assert [(entry.ok, entry.reason) for entry in found.report().stages[:2]] == [(True, ""), (False, "internal")]


def test_stages_may_have_remedies_of_their_own() -> None:
    assert "advertised.listeners" in reasons.remedy("listeners", "refused")
    assert "advertised.listeners" not in reasons.remedy("connect", "refused")
    assert reasons.remedy("connect", "") == ""
