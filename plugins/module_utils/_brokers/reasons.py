# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Define the codes for what is wrong with a login or an answer of Kafka. The probe adds those of its other stages."""

from __future__ import annotations

import typing as t

TokenReason = t.Literal[
    "signer_failed",
    "signer_missing",
    "token_denied",
    "token_endpoint_timeout",
    "token_endpoint_tls",
    "token_endpoint_unreachable",
    "token_invalid_answer",
    "token_source_unknown",
]
LoginReason = t.Literal[
    "credentials_refused",
    "gssapi_unsupported",
    "library_missing",
    "library_refused",
    "library_too_old",
    "login_timeout",
    "metadata_timeout",
]
WireReason = t.Literal["closed", "http", "not_kafka", "tls"]
