# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of servers."""

from __future__ import annotations

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.addresses import (
    bootstrap_addresses,
    host_port,
    split_address,
)


@pytest.mark.parametrize(
    "written", ["a:9092,b:9092", " b:9092 , A:9092", "SSL://a:9092,sasl_ssl://b:9092,", "a:9092,,b:9092"]
)
def test_the_same_servers_are_equal_in_any_spelling(written: str) -> None:
    assert bootstrap_addresses(written) == bootstrap_addresses("a:9092,b:9092")


@pytest.mark.parametrize("other", ["a:9093,b:9092", "a:9092", "a:9092,b:9092,c:9092", ""])
def test_other_servers_are_not(other: str) -> None:
    assert bootstrap_addresses(other) != bootstrap_addresses("a:9092,b:9092")


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert [host_port("::1", 9092), host_port("127.0.0.1", 80)] == ["[::1]:9092", "127.0.0.1:80"]


@pytest.mark.parametrize(
    ("server", "parts"),
    [
        ("kafka:9092", ("kafka", 9092)),
        ("[::1]:9093", ("::1", 9093)),
        ("10.0.0.1:1", ("10.0.0.1", 1)),
        (" SSL://b:1", ("b", 1)),
    ],
)
def test_servers_in_parts(server: str, parts: tuple[str, int]) -> None:
    assert split_address(server) == parts
