# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Addresses of servers: written in one way, and compared."""

from __future__ import annotations

import typing as t


def host_port(host: str, port: int) -> str:
    """Return the address of a server as ``host:port``, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def split_address(server: str) -> t.Tuple[str, int]:
    """Return host and port of ``host:port``, an IPv6 address without its brackets."""
    host, _colon, port = server.strip().rpartition(":")
    return host.rpartition("://")[2].strip("[]"), int(port)


def bootstrap_addresses(servers: str) -> t.FrozenSet[str]:
    """Return the servers of a ``bootstrap.servers``, to be compared.

    Order, spacing, case and the name of a protocol before ``://``, which Kafka's clients ignore, make no difference.
    """
    return frozenset(server.strip().rpartition("://")[2].lower() for server in servers.split(",") if server.strip())


def same_servers(one: str, other: str) -> bool:
    """Return whether two lists of bootstrap servers name the same addresses."""
    return bootstrap_addresses(one) == bootstrap_addresses(other)
