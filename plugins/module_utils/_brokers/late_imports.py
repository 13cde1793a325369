# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""What reading a declaration and connecting to Kafka import only when they need it."""

from __future__ import annotations

_UTILS = "ansible_collections.hopsworks.kafka.plugins.module_utils"
_OURS = (
    "_brokers.token_requests",
    "_kafka.class_notes",
    "_kafka.dialect_librdkafka",
    "_kafka.durations",
    "_kafka.java_file",
    "_kafka.java_tls",
    "_kafka.librdkafka_configs",
    "_kafka.login_rules",
    "_keystores.cryptography_dep",
    "_keystores.stores",
)
#: For :func:`user_rights.give_up_root`. Those that are not installed are not needed.
NAMES = (
    *(f"{_UTILS}.{name}" for name in _OURS),
    "cryptography.hazmat.decrepit.ciphers.algorithms",
    "cryptography.hazmat.primitives.ciphers",
    "difflib",
    "encodings.idna",
    "tempfile",
)
