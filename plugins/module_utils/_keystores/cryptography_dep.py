# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Import the library ``cryptography``. Import this module only for a store that needs it, as that is slow."""

from __future__ import annotations

import typing as t

try:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.serialization import pkcs12

    IMPORT_ERROR: t.Optional[ImportError] = None
except ImportError as error:
    IMPORT_ERROR = error

__all__ = ["IMPORT_ERROR", "UnsupportedAlgorithm", "pkcs12", "serialization"]
