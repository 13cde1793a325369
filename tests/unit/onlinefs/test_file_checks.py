# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each file of a host is checked by the client that reads it, before it is written."""

from __future__ import annotations

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import file_checks, onlinefs_versions
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.files import Attributes, File

CONSUMER, PRODUCER = onlinefs_versions.CONSUMER_FILE, onlinefs_versions.PRODUCER_FILE


def check(name: str, **properties: str) -> None:
    lines = [f"{key.replace('_', '.')}={value}" for key, value in {"bootstrap_servers": "k:1", **properties}.items()]
    file_checks.check_files({name: File("\n".join(lines).encode(), Attributes(0, 0, 0o640))})


@pytest.mark.parametrize(
    ("name", "properties", "subject"),
    [
        (CONSUMER, {"auto_offset_reset": "smallest"}, "auto.offset.reset"),
        (CONSUMER, {"auto_offset_reset": "by_duration:P1D"}, "auto.offset.reset"),
        (onlinefs_versions.VECTOR_DB_FILE, {"enable_auto_commit": "true"}, "enable.auto.commit"),
        (PRODUCER, {"acks": "2"}, "acks"),
        (PRODUCER, {"delivery_timeout_ms": "30005", "linger_ms": "10"}, "delivery.timeout.ms"),
    ],
)
def test_what_the_client_of_a_file_refuses(name: str, properties: dict[str, str], subject: str) -> None:
    with pytest.raises(InputError) as raised:
        check(name, **properties)
    assert raised.value.subject == f"{name}, property {subject}"


def test_what_the_client_of_a_file_takes() -> None:
    check(CONSUMER, acks="2", delivery_timeout_ms="1")
    check(PRODUCER, auto_offset_reset="smallest")
    check(PRODUCER, compression_gzip_level="99")
