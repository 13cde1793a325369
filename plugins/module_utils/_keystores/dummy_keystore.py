# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""A key store for connectors that need one although their client has no certificate.

The Hopsworks Python client opens a trust store only together with a key store (see ``dialect_python_client``), so it
fails on a connector with SASL_SSL and a private authority. The key below is put in that place. It is no secret: it is
published here, nobody trusts its certificate, and a broker that requests no certificate never sees it.
"""

from __future__ import annotations

import base64

from .store_types import KeyStore, TrustStore

# A key on the curve P-256 and its self-signed certificate, CN=placeholder without any right, valid until 9999.
_KEY = (
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQguRLVjPLvNkp9k4nBBANJYJWaIc+j59pL7mkreXoOlJKhRANCAAQi"
    "9Yr6Bbif/QnPEd3iJugHNY44JiGUvlpKIUkxx1ScHnKRcVYMhGp1rfQn1+hdTQy6anFhAiwE3XePpVgoyz57"
)
_CERTIFICATE = (
    "MIIBhjCCASugAwIBAgIBATAKBggqhkjOPQQDAjBCMRgwFgYDVQQKDA9ob3Bzd29ya3Mua2Fma2ExJjAkBgNVBAMMHXBsYWNlaG9s"
    "ZGVyIHdpdGhvdXQgYW55IHJpZ2h0MCAXDTIwMDEwMTAwMDAwMFoYDzk5OTkxMjMxMjM1OTU5WjBCMRgwFgYDVQQKDA9ob3Bzd29y"
    "a3Mua2Fma2ExJjAkBgNVBAMMHXBsYWNlaG9sZGVyIHdpdGhvdXQgYW55IHJpZ2h0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"
    "IvWK+gW4n/0JzxHd4iboBzWOOCYhlL5aSiFJMcdUnB5ykXFWDIRqda30J9foXU0MumpxYQIsBN13j6VYKMs+e6MQMA4wDAYDVR0T"
    "AQH/BAIwADAKBggqhkjOPQQDAgNJADBGAiEAhmgeIKneZI358CRz1Wx5DV9NPd5J3XVtU/fUQcWOr2oCIQCiBTK4wKwRd6vZX2xU"
    "Ddfq//FpnoJHhLW1Sgud42J2rA=="
)


def dummy_keystore(truststore: TrustStore) -> KeyStore:
    """Return the key store to put beside a trust store. It has the trust store's password."""
    return KeyStore(base64.b64decode(_KEY), (base64.b64decode(_CERTIFICATE),), truststore.password)
