# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The way to a server, by the standard library: name, TCP, TLS, and what answers before a login.

Each server has a thread of its own, because looking up a name cannot be interrupted.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import socket
import ssl
import threading
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import wire
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline

from . import tls_handshake
from .report import StageResult, failed, passed

_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)
#: A second look at a port, to tell what it speaks instead, takes no longer than this.
RECHECK_TIMEOUT = 1.0
_SHOWN_ADDRESSES = 4

Address = t.Tuple[socket.AddressFamily, t.Any]


class ServerCheckOptions(t.NamedTuple):
    """What a server is checked for.

    :param tls: how to speak TLS; None for a plaintext protocol.
    :param mechanism: the SASL mechanism of the declaration; empty where it does not log in.
    :param talk: ask for ApiVersions and mechanisms as well (not wanted of advertised listeners).
    :param stages: the stages to go through, of resolve, connect and tls.
    """

    tls: t.Optional[tls_handshake.Tls]
    mechanism: str = ""
    min_days_valid: int = 0
    talk: bool = True
    stages: t.Tuple[str, ...] = ("resolve", "connect", "tls")


class ServerCheck:
    """What was found out about one server, filled in by its thread.

    ``entries`` holds one entry for each of resolve, connect and tls as far as it got. ``silent`` is the code of why
    nothing of Kafka's came back on a connection that stands; ``offered`` and ``answer`` what came.
    """

    def __init__(self, server: str) -> None:
        self.server = server
        self.entries: t.List[StageResult] = []
        self.offered: t.Optional[wire.ApiVersions] = None
        self.answer: t.Optional[wire.Handshake] = None
        self.fault = ""
        self.fault_detail = ""
        self.stage, self.began = "resolve", time.monotonic()
        self.asked_ms = 0

    @property
    def passed(self) -> bool:
        """Whether the way to it is open."""
        return bool(self.entries) and all(entry.ok for entry in self.entries)

    def begin(self, stage: str) -> None:
        """Note what is under way, for the case that it never ends."""
        self.stage, self.began = stage, time.monotonic()


def check(servers: t.Sequence[str], settings: ServerCheckOptions, deadline: Deadline) -> t.List[ServerCheck]:
    """Check all servers at once. Returns when all are done, or at the deadline with what is known by then."""
    found = [ServerCheck(server) for server in servers]
    threads = []
    for one in found:
        thread = threading.Thread(target=_check, args=(one, settings, deadline), daemon=True)
        thread.start()
        threads.append(thread)
    for thread in threads:
        # A little more than the socket's own time-outs, which give the better message.
        thread.join(deadline.left() if deadline.over else deadline.left() + 0.05)
    return [_final(one, thread.is_alive()) for one, thread in zip(found, threads)]


def split_server(server: str) -> t.Tuple[str, int]:
    """``host:port`` in parts, an IPv6 address without its brackets."""
    host, _colon, port = server.rpartition(":")
    return host.strip("[]"), int(port)


def _final(one: ServerCheck, unfinished: bool) -> ServerCheck:
    """A copy that its thread no longer changes, with an entry for what did not end."""
    copy = ServerCheck(one.server)
    copy.__dict__.update(one.__dict__)
    copy.entries = list(one.entries)
    if unfinished and copy.passed and one.stage in {entry.stage for entry in copy.entries}:
        copy.fault = copy.fault or "silent"
    elif unfinished and (copy.passed or not copy.entries):
        reason = "resolve_timeout" if one.stage == "resolve" else "timeout"
        copy.entries.append(failed(one.stage, one.server, reason, "no end in sight when the time was up", one.began))
    return copy


def _check(one: ServerCheck, settings: ServerCheckOptions, deadline: Deadline) -> None:
    with contextlib.ExitStack() as opened:
        addresses = _resolve(one, deadline)
        if not addresses or "connect" not in settings.stages:
            return
        connection = _connect(one, addresses, deadline)
        if connection is None:
            return
        opened.callback(connection.close)
        if "tls" not in settings.stages:
            return
        one.begin("tls")
        if settings.tls is None:
            _plaintext(one, connection, settings, deadline)
            return
        secured = _tls(one, connection, settings.tls, deadline)
        if secured is not None:
            opened.callback(secured.close)
            _after_handshake(one, secured, settings, settings.tls, deadline)


# --- resolve and connect ---------------------------------------------------------------------------------------------


def _resolve(one: ServerCheck, deadline: Deadline) -> t.List[Address]:
    one.begin("resolve")
    host, port = split_server(one.server)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        said = getattr(error, "strerror", None) or "not a host name"
        one.entries.append(failed("resolve", one.server, "unresolved", f"{host}: {said}", one.began))
        return []
    addresses: t.List[Address] = list(dict.fromkeys((item[0], item[4]) for item in found))
    shown = [str(address[0]) for _family, address in addresses[:_SHOWN_ADDRESSES]]
    shown += ["…"] if len(addresses) > _SHOWN_ADDRESSES else []
    one.entries.append(passed("resolve", one.server, ", ".join(shown), one.began))
    return addresses


def _connect(one: ServerCheck, addresses: t.Sequence[Address], deadline: Deadline) -> t.Optional[socket.socket]:
    one.begin("connect")
    limit = deadline.step() / len(addresses)
    faults: t.List[t.Tuple[str, str]] = []
    for family, address in addresses:
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.settimeout(limit)
        try:
            connection.connect(address)
        except OSError as error:
            connection.close()
            faults.append((_connect_reason(error), f"{address[0]} port {address[1]}: {_system_message(error, limit)}"))
            continue
        told = f"{address[0]} port {address[1]}"
        if faults:
            told += f" (not {'; '.join(detail for _reason, detail in faults)})"
        one.entries.append(passed("connect", one.server, told, one.began))
        connection.settimeout(deadline.step())
        return connection
    detail = "; ".join(detail for _reason, detail in faults)
    one.entries.append(failed("connect", one.server, faults[0][0], detail, one.began))
    return None


def _connect_reason(error: OSError) -> str:
    if isinstance(error, socket.timeout) or error.errno == errno.ETIMEDOUT:
        return "connect_timeout"
    if error.errno == errno.ECONNREFUSED:
        return "refused"
    return "unreachable" if error.errno in _UNREACHABLE else "connect_failed"


def _system_message(error: OSError, limit: float) -> str:
    if isinstance(error, socket.timeout):
        return f"no answer within {limit:.1f} s"
    return error.strerror or type(error).__name__


# --- what the port speaks --------------------------------------------------------------------------------------------


def _plaintext(one: ServerCheck, connection: socket.socket, settings: ServerCheckOptions, deadline: Deadline) -> None:
    """The declaration says plaintext: does the port say so too? One that does not speak Kafka either is found later."""
    if settings.talk:
        _talk(one, connection, settings, deadline)
    if one.fault == "tls" or (one.fault in ("closed", "silent") and _speaks_tls(connection, deadline)):
        one.entries.append(
            failed("tls", one.server, "tls_expected", "no TLS is declared, and the port speaks it", one.began)
        )
        one.fault = ""
        return
    detail = "not declared" if one.offered is None else "not declared, and the port speaks plaintext"
    one.entries.append(passed("tls", one.server, detail, one.began))


def _tls(
    one: ServerCheck, connection: socket.socket, tls: tls_handshake.Tls, deadline: Deadline
) -> t.Optional[ssl.SSLSocket]:
    host, _port = split_server(one.server)
    descriptor = connection.fileno()
    try:
        return tls_handshake.handshake(tls, connection, host)
    except socket.timeout:
        limit = connection.gettimeout() or 0.0
        one.entries.append(
            failed("tls", one.server, "silent", f"no answer to the TLS handshake within {limit:.1f} s", one.began)
        )
    except OSError as error:
        _explain(one, error, tls, tls_handshake.was_asked(tls, descriptor), deadline)
    except ValueError:  # a server name that TLS cannot carry, such as one that starts with a dot
        one.entries.append(failed("tls", one.server, "tls_handshake", "the host name is not one for TLS", one.began))
    return None


def _explain(one: ServerCheck, error: OSError, tls: tls_handshake.Tls, asked: bool, deadline: Deadline) -> None:
    unverified = functools.partial(_unverified_certificate, one.server, deadline)
    reason, detail = tls_handshake.explain(error, tls, asked, unverified)
    if reason in ("tls_closed", "tls_handshake") and not asked and _speaks_kafka(one.server, deadline):
        reason, detail = "plaintext_port", "TLS is declared, and the port answers to plaintext"
    one.entries.append(failed("tls", one.server, reason, detail, one.began))


def _after_handshake(
    one: ServerCheck, secured: ssl.SSLSocket, settings: ServerCheckOptions, tls: tls_handshake.Tls, deadline: Deadline
) -> None:
    """With TLS 1.3 a refused client certificate shows only when something is read: so read before calling it passed."""
    asked = tls_handshake.was_asked(tls, secured.fileno())
    told, days = tls_handshake.describe(tls, secured)
    try:
        _talk(one, secured, settings, deadline)
    except ssl.SSLError as error:
        reason, detail = tls_handshake.explain(error, tls, asked, lambda: None)
        one.entries.append(failed("tls", one.server, reason, detail, one.began))
        return
    if days < settings.min_days_valid:
        detail = f"{told}; at least {settings.min_days_valid} days are asked for"
        one.entries.append(failed("tls", one.server, "expires_soon", detail, one.began))
        return
    one.entries.append(passed("tls", one.server, told, one.began))


def _talk(
    one: ServerCheck, stream: t.Union[socket.socket, ssl.SSLSocket], settings: ServerCheckOptions, deadline: Deadline
) -> None:
    """Ask for ApiVersions and the mechanisms. Raises ssl.SSLError alone: every other fault is noted."""
    began = time.monotonic()
    stream.settimeout(deadline.step())
    try:
        one.offered = wire.api_versions(stream)
        # A listener without SASL answers this too, with an error of its own: so a missing login is found as well.
        if settings.talk and wire.SASL_HANDSHAKE in one.offered:
            one.answer = wire.sasl_handshake(stream, settings.mechanism or "PLAIN")
    except wire.WireError as error:
        one.fault = error.reason
    except socket.timeout:
        one.fault, one.fault_detail = "silent", f"no answer within {stream.gettimeout() or 0.0:.1f} s"
    except ssl.SSLError:
        raise
    except OSError as error:
        one.fault, one.fault_detail = "closed", error.strerror or type(error).__name__
    finally:
        one.asked_ms = round((time.monotonic() - began) * 1000)


# --- a second look, to say what is wrong -----------------------------------------------------------------------------


def _again(peer: t.Any, deadline: Deadline) -> socket.socket:
    connection = socket.create_connection(peer[:2], timeout=min(RECHECK_TIMEOUT, deadline.left()))
    connection.settimeout(min(RECHECK_TIMEOUT, deadline.left()))
    return connection


def _speaks_tls(connection: socket.socket, deadline: Deadline) -> bool:
    try:
        with _again(connection.getpeername(), deadline) as second, tls_handshake.unverified_context().wrap_socket(
            second
        ):
            return True
    except ssl.SSLEOFError:
        return False
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")
    except OSError:
        return False


def _speaks_kafka(server: str, deadline: Deadline) -> bool:
    try:
        with _again(split_server(server), deadline) as second:
            return bool(wire.api_versions(second))
    except (OSError, wire.WireError):
        return False


def _unverified_certificate(server: str, deadline: Deadline) -> t.Optional[bytes]:
    host, _port = split_server(server)
    context = tls_handshake.unverified_context()
    try:
        with _again(split_server(server), deadline) as second, context.wrap_socket(
            second, server_hostname=host
        ) as secured:
            return secured.getpeercert(binary_form=True)
    except OSError:
        return None
