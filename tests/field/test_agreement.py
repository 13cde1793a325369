# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kafka's own Java clients and kafka_probe say the same to every input, or we tell the difference."""

from __future__ import annotations

import pathlib

from tests.field import agreement, corpus, ours
from tests.field.judge import Judge

MINIMUM = 250


def test_java_and_we_agree(
    judges: list[Judge], store_folder: pathlib.Path, tmp_path: pathlib.Path, told: list[str]
) -> None:
    cases, listed = corpus.cases(), corpus.listed()
    compared: list[agreement.Comparison] = []
    for judge in judges:
        files = [case.file(store_folder, judge.token_url) for case in cases]
        verdicts = judge.ask([(case.client, file) for case, file in zip(cases, files, strict=True)])
        for case, file, verdict in zip(cases, files, verdicts, strict=True):
            said = ours.ask(file, tmp_path)
            compared.append(agreement.compare(case, judge.release, verdict, said, listed))
    told += agreement.summary(compared)
    wrong = [each for each in compared if each.outcome == agreement.WRONG]
    assert not wrong, "\n" + "\n".join(map(str, wrong))
    used = {(each.case.name, each.release) for each in compared if each.outcome == agreement.LISTED}
    assert used == {(entry.case, entry.release) for entry in listed}, "an entry of listed.yml is not needed"


def test_the_corpus_is_large_enough_and_the_list_short() -> None:
    assert len(corpus.cases()) >= MINIMUM
    assert len(corpus.listed()) <= agreement.MAX_LISTED
