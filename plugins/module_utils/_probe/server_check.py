# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Check the connection to a server with the standard library: name, TCP, TLS, and its answers before a login.

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
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.reasons import WireReason
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.wire_reader import WireError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common import defects
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.addresses import split_address
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import x509

from . import tls_handshake
from .reasons import FailureReason
from .report import StageResult, failed, passed

#: Why nothing of Kafka's came back.
AnswerFault = t.Literal[WireReason, "silent"]

_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)
#: The longest time for a second look at a port, to find out what it speaks instead.
RECHECK_TIMEOUT = 1.0
_SHOWN_ADDRESSES = 4
_MAX_ADDRESSES = 16

SocketAddress = t.Tuple[socket.AddressFamily, t.Any]


class ServerCheckOptions(t.NamedTuple):
    """What a server is checked for.

    :param tls: how to speak TLS; None for a plaintext protocol.
    :param mechanism: the SASL mechanism of the declaration; empty if it does not log in.
    :param talk: ask for ApiVersions and mechanisms as well; advertised listeners are not asked.
    :param stages: the stages to go through, of resolve, connect and tls.
    """

    tls: t.Optional[tls_handshake.Tls]
    mechanism: str = ""
    min_days_valid: int = 0
    talk: bool = True
    stages: t.Tuple[str, ...] = ("resolve", "connect", "tls")


class ServerCheck(t.NamedTuple):
    """The result of the check of one server.

    :param entries: one for each of resolve, connect and tls, as far as the check got.
    :param offered: the answer to ApiVersions.
    :param answer: the answer to SaslHandshake.
    :param fault: why nothing of Kafka's came back on a connection that stands; empty if something did.
    """

    server: str
    entries: t.Tuple[StageResult, ...] = ()
    offered: t.Optional[wire.ApiVersions] = None
    answer: t.Optional[wire.Handshake] = None
    fault: t.Union[AnswerFault, t.Literal[""]] = ""
    fault_detail: str = ""

    @property
    def passed(self) -> bool:
        """Tell whether the server can be reached."""
        return bool(self.entries) and all(entry.ok for entry in self.entries)


class _Check:
    """The check of one server in progress: its thread adds to it, and whoever waits takes what is known.

    Between the last stage and the end of the check the server is asked for its answers. No stage is in progress then,
    so none is to blame for a server that never answers: ``standing`` is the result of tls in that case.
    """

    def __init__(self, server: str, options: ServerCheckOptions, deadline: Deadline) -> None:
        self.server = server
        self.options = options
        self.deadline = deadline
        self.stage, self.began = "resolve", time.monotonic()
        self._lock = threading.Lock()
        self._found = ServerCheck(server)
        self._standing: t.Optional[StageResult] = None

    def begin(self, stage: str) -> None:
        """Note the stage in progress, in case it never ends."""
        with self._lock:
            self.stage, self.began = stage, time.monotonic()

    def await_answers(self, standing: StageResult) -> None:
        """Note that the connection is established, and only the server's answers are missing."""
        with self._lock:
            self._standing = standing

    def passed(self, stage: str, detail: str) -> StageResult:
        return passed(stage, self.server, detail, self.began)

    def add(self, result: StageResult) -> None:
        with self._lock:
            self._standing = None
            self._found = self._found._replace(entries=(*self._found.entries, result))

    def fail(self, stage: str, reason: FailureReason, detail: str) -> None:
        self.add(failed(stage, self.server, reason, detail, self.began))

    def set(self, **found: t.Any) -> None:
        with self._lock:
            self._found = self._found._replace(**found)

    def found(self, finished: bool) -> ServerCheck:
        """Return what is known now."""
        with self._lock:
            found, standing = self._found, self._standing
        if finished:
            return found
        if standing is not None:
            return found._replace(entries=(*found.entries, standing), fault=found.fault or "silent")
        missing = [stage for stage in self.options.stages if stage not in {entry.stage for entry in found.entries}]
        if not missing or (found.entries and not found.passed):
            return found
        reason: FailureReason = "resolve_timeout" if missing[0] == "resolve" else "timeout"
        late = failed(missing[0], self.server, reason, "not done when the time was up", self.began)
        return found._replace(entries=(*found.entries, late))


def check(servers: t.Sequence[str], options: ServerCheckOptions, deadline: Deadline) -> t.List[ServerCheck]:
    """Check all servers at once. Returns when all are done, or at the deadline with what is known by then."""
    checks = [_Check(server, options, deadline) for server in servers]
    threads = [threading.Thread(target=_check, args=(one,), daemon=True) for one in checks]
    for thread in threads:
        thread.start()
    for thread in threads:
        # A little more than the socket's own time-outs, which give the better message.
        thread.join(deadline.left() if deadline.over else deadline.left() + 0.05)
    return [one.found(not thread.is_alive()) for one, thread in zip(checks, threads)]


def _check(one: _Check) -> None:
    try:
        _stages(one)
    except Exception as error:  # a defect must not look like a server that is silent
        one.fail(one.stage, "internal", defects.where(error))


def _stages(one: _Check) -> None:
    options = one.options
    with contextlib.ExitStack() as opened:
        addresses = _resolve(one)
        if not addresses or "connect" not in options.stages:
            return
        connection = _connect(one, addresses)
        if connection is None:
            return
        opened.callback(connection.close)
        if "tls" not in options.stages:
            return
        one.begin("tls")
        if options.tls is None:
            _plaintext(one, connection)
            return
        secured = _tls(one, connection, options.tls)
        if secured is not None:
            opened.callback(secured.close)
            _after_handshake(one, secured, options.tls)


# --- resolve and connect ---------------------------------------------------------------------------------------------


def _resolve(one: _Check) -> t.List[SocketAddress]:
    host, port = split_address(one.server)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError, OverflowError) as error:
        said = getattr(error, "strerror", None) or "not a host name"
        one.fail("resolve", "unresolved", f"{host}: {said}")
        return []
    addresses: t.List[SocketAddress] = list(dict.fromkeys((item[0], item[4]) for item in found))
    shown = [str(address[0]) for _family, address in addresses[:_SHOWN_ADDRESSES]]
    shown += ["…"] if len(addresses) > _SHOWN_ADDRESSES else []
    one.add(one.passed("resolve", ", ".join(shown)))
    return addresses[:_MAX_ADDRESSES]


def _connect(one: _Check, addresses: t.Sequence[SocketAddress]) -> t.Optional[socket.socket]:
    one.begin("connect")
    limit = one.deadline.step() / len(addresses)
    faults: t.List[t.Tuple[FailureReason, str]] = []
    for family, address in addresses:
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.settimeout(limit)
        try:
            connection.connect(address)
        except (OSError, OverflowError) as error:
            connection.close()
            faults.append((_connect_reason(error), f"{address[0]} port {address[1]}: {_system_message(error, limit)}"))
            continue
        told = f"{address[0]} port {address[1]}"
        if faults:
            told += f" (not {'; '.join(detail for _reason, detail in faults)})"
        one.add(one.passed("connect", told))
        connection.settimeout(one.deadline.step())
        return connection
    one.fail("connect", faults[0][0], "; ".join(detail for _reason, detail in faults))
    return None


def _connect_reason(error: Exception) -> FailureReason:
    number = getattr(error, "errno", None)
    if isinstance(error, socket.timeout) or number == errno.ETIMEDOUT:
        return "connect_timeout"
    if number == errno.ECONNREFUSED:
        return "refused"
    return "unreachable" if number in _UNREACHABLE else "connect_failed"


def _system_message(error: Exception, limit: float) -> str:
    if isinstance(error, socket.timeout):
        return f"no answer within {limit:.1f} s"
    return getattr(error, "strerror", None) or type(error).__name__


# --- what the port speaks --------------------------------------------------------------------------------------------


def _plaintext(one: _Check, connection: socket.socket) -> None:
    """Check that a port declared as plaintext does not speak TLS. Other protocols are recognized later."""
    fault = ""
    if one.options.talk:
        one.await_answers(one.passed("tls", "not declared"))
        fault = _talk(one, connection)
    if fault == "tls" or (fault in ("closed", "silent") and _speaks_tls(connection, one.deadline)):
        one.set(fault="", fault_detail="")
        one.fail("tls", "tls_expected", "no TLS is declared, and the port speaks it")
        return
    answered = one.found(finished=True).offered is not None
    one.add(one.passed("tls", "not declared, and the port speaks plaintext" if answered else "not declared"))


def _tls(one: _Check, connection: socket.socket, tls: tls_handshake.Tls) -> t.Optional[ssl.SSLSocket]:
    host, _port = split_address(one.server)
    descriptor = connection.fileno()
    try:
        return tls_handshake.handshake(tls, connection, host)
    except socket.timeout:
        limit = connection.gettimeout() or 0.0
        one.fail("tls", "silent", f"no answer to the TLS handshake within {limit:.1f} s")
    except OSError as error:
        _explain(one, error, tls, tls_handshake.was_asked(tls, descriptor))
    except ValueError:  # a server name that TLS cannot carry, such as one that starts with a dot
        one.fail("tls", "tls_handshake", "the host name is not one for TLS")
    return None


def _explain(one: _Check, error: OSError, tls: tls_handshake.Tls, asked: bool) -> None:
    unverified = functools.partial(_unverified_certificate, one.server, one.deadline)
    reason, detail = tls_handshake.explain(error, tls, asked, unverified)
    if reason in ("tls_closed", "tls_handshake") and not asked and _speaks_kafka(one.server, one.deadline):
        reason, detail = "plaintext_port", "TLS is declared, and the port answers to plaintext"
    one.fail("tls", reason, detail)


def _after_handshake(one: _Check, secured: ssl.SSLSocket, tls: tls_handshake.Tls) -> None:
    """Read before calling the handshake passed: with TLS 1.3, a refused client certificate shows only then."""
    asked = tls_handshake.was_asked(tls, secured.fileno())
    try:
        told, certificate = tls_handshake.describe(tls, secured)
    except (ValueError, IndexError):
        one.fail("tls", "certificate_invalid", "the broker's certificate cannot be read")
        return
    shown = x509.to_result(certificate, time.time())
    one.await_answers(one.passed("tls", told)._replace(certificate=shown))
    try:
        _talk(one, secured)
    except ssl.SSLError as error:
        reason, detail = tls_handshake.explain(error, tls, asked, lambda: None)
        one.fail("tls", reason, detail)
        return
    least = one.options.min_days_valid
    if tls_handshake.days_left(certificate) < least:
        one.fail("tls", "expires_soon", f"{told}; at least {least} days are required")
        return
    one.add(one.passed("tls", told)._replace(certificate=shown))


def _talk(one: _Check, connection: t.Union[socket.socket, ssl.SSLSocket]) -> str:
    """Ask for ApiVersions and the mechanisms, and return the fault. Raises ssl.SSLError alone."""
    seconds = one.deadline.step()
    stream = wire.TimedStream(connection, seconds)
    fault: t.Union[AnswerFault, t.Literal[""]] = ""
    detail = ""
    try:
        offered = wire.api_versions(stream)
        one.set(offered=offered)
        # A listener without SASL answers this too, with an error of its own: so a missing login is found as well.
        if one.options.talk and wire.SASL_HANDSHAKE in offered:
            one.set(answer=wire.sasl_handshake(stream, one.options.mechanism or "PLAIN"))
    except WireError as error:
        fault = error.reason
    except socket.timeout:
        fault, detail = "silent", f"no answer within {seconds:.1f} s"
    except ssl.SSLError:
        raise
    except OSError as error:
        fault, detail = "closed", error.strerror or type(error).__name__
    one.set(fault=fault, fault_detail=detail)
    return fault


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
        with _again(split_address(server), deadline) as second:
            return bool(wire.api_versions(wire.TimedStream(second, min(RECHECK_TIMEOUT, deadline.left()))))
    except (OSError, WireError):
        return False


def _unverified_certificate(server: str, deadline: Deadline) -> t.Optional[bytes]:
    host, _port = split_address(server)
    context = tls_handshake.unverified_context()
    try:
        with _again(split_address(server), deadline) as second, context.wrap_socket(
            second, server_hostname=host
        ) as secured:
            return secured.getpeercert(binary_form=True)
    except OSError:
        return None
