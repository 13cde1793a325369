# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Describe the token of an OAUTHBEARER login and its endpoint."""

from __future__ import annotations

from .reasons import TokenReason


class TokenFault(Exception):
    """No token could be obtained.

    :param detail: what was seen, without secrets.
    """

    def __init__(self, reason: TokenReason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason: TokenReason = reason
        self.detail = detail


class Token:
    """A token, which is a secret.

    :param expires: seconds since 1970.
    :param principal: the principal that it names.
    :param doubt: why a broker whose clock is right would refuse it; empty if it looks good.
    """

    def __init__(self, value: str, expires: float, principal: str = "", doubt: str = "") -> None:
        self.value = value
        self.expires = expires
        self.principal = principal
        self.doubt = doubt


class TokenEndpoint:
    """A token endpoint and the credentials for it (OAuth 2 client credentials, RFC 6749 section 4.4).

    :param encode: encode id and secret as RFC 6749 says; Java does so when sasl.oauthbearer.header.urlencode is true.
    """

    def __init__(self, url: str, client_id: str, secret: str, scope: str = "", encode: bool = False) -> None:
        self.url = url
        self.client_id = client_id
        self.secret = secret
        self.scope = scope
        self.encode = encode
