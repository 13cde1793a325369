# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Check the names that Java gives to versions and suites of TLS and to its algorithms. Those of JDK 17."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

#: The properties that are checked here.
NAMES = (
    "ssl.enabled.protocols",
    "ssl.protocol",
    "ssl.cipher.suites",
    "ssl.endpoint.identification.algorithm",
    "ssl.trustmanager.algorithm",
    "ssl.keymanager.algorithm",
    "ssl.secure.random.implementation",
    "ssl.provider",
)

_VERSIONS = ("TLSv1.2", "TLSv1.3")
_OLD_VERSIONS = ("SSLv2Hello", "SSLv3", "TLSv1", "TLSv1.1")
_CONTEXTS = ("TLS", "TLSV1", "TLSV1.1", "TLSV1.2", "TLSV1.3", "SSL", "SSLV3", "DEFAULT")
_ENDPOINTS = ("", "HTTPS", "LDAP", "LDAPS")
_SUITES_13 = ("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256")
_SUITE = re.compile(
    r"TLS_(?:ECDHE_ECDSA|ECDHE_RSA|DHE_RSA|DHE_DSS|RSA)_WITH_"
    r"(?:AES_256_GCM_SHA384|AES_128_GCM_SHA256|CHACHA20_POLY1305_SHA256|AES_(?:128|256)_CBC_SHA(?:256|384)?)"
)
#: How Java names the suites that it knows and does not use any more.
_OLD_SUITE = re.compile(r"(?:SSL|TLS)_[A-Za-z0-9_]+_WITH_[A-Z0-9_]+")
#: Algorithms of the providers in the JDK.
_ALGORITHMS = {
    "ssl.trustmanager.algorithm": ("PKIX", "SunX509", "SunPKIX", "X509", "X.509"),
    "ssl.keymanager.algorithm": ("SunX509", "NewSunX509", "PKIX"),
    "ssl.secure.random.implementation": (
        "SHA1PRNG", "NativePRNG", "NativePRNGBlocking", "NativePRNGNonBlocking", "DRBG",
    ),
    "ssl.provider": ("SunJSSE",),
}  # fmt: skip


def check(properties: t.Mapping[str, str]) -> t.List[str]:
    """Return notes.

    :raises InputError: Java refuses a name, or could not do a handshake.
    """
    notes: t.List[str] = []
    _versions(_listed(properties, "ssl.enabled.protocols"))
    context = properties.get("ssl.protocol", "TLS")
    if context.upper() not in _CONTEXTS:
        raise InputError("property ssl.protocol", "Java has no TLS of this name", "Omit it, or give TLSv1.3 or TLSv1.2")
    _suites(_listed(properties, "ssl.cipher.suites"))
    endpoint = properties.get("ssl.endpoint.identification.algorithm", "").upper()
    if endpoint not in _ENDPOINTS:
        raise InputError(
            "property ssl.endpoint.identification.algorithm",
            "Java knows https, and the empty string turns the check of host names off",
            'Give https, or ""',
        )
    if endpoint.startswith("LDAP"):
        notes.append(
            "property ssl.endpoint.identification.algorithm: Java accepts LDAP's rules; Python clients (librdkafka) "
            "know https only"
        )
    for name, known in _ALGORITHMS.items():
        value = properties.get(name, known[0])
        if value.upper() not in [each.upper() for each in known]:
            notes.append(f"property {name}: the JDK refuses it without a provider of its own that has {name}")
    return notes


def _listed(properties: t.Mapping[str, str], name: str) -> t.List[str]:
    return [part.strip() for part in properties.get(name, "").split(",") if part.strip()]


def _versions(versions: t.Sequence[str]) -> None:
    subject, remedy = "property ssl.enabled.protocols", f"Give {' or '.join(_VERSIONS)}"
    for version in versions:
        if version not in _VERSIONS + _OLD_VERSIONS:
            raise InputError(subject, "Java does not know one of the versions", remedy)
    if versions and not set(versions) & set(_VERSIONS):
        raise InputError(subject, "Java has all of these versions turned off", remedy)


def _suites(suites: t.Sequence[str]) -> None:
    subject, remedy = "property ssl.cipher.suites", f"Give names as Java writes them, such as {_SUITES_13[0]}"
    usable = [suite for suite in suites if suite in _SUITES_13 or _SUITE.fullmatch(suite)]
    for suite in suites:
        if suite not in usable and not _OLD_SUITE.fullmatch(suite):
            known = "this is OpenSSL's spelling of a suite" if "-" in suite else "Java does not know one of the suites"
            raise InputError(subject, known, remedy)
    if suites and not usable:
        raise InputError(subject, "Java has all of these suites turned off", remedy)
