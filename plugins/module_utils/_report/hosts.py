# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""What a run saw of each host: its state, its generation, its members in Kafka, its certificates."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import public_label

from .findings import count, names, short
from .host_results import StepResult

#: The states of a host, in the order in which they are shown.
STATES = (
    "failed", "rolled back", "unreachable", "not reached", "not changed",
    "changed", "would change", "differs", "unchanged",
)  # fmt: skip
#: Days before a certificate expires from which the summary warns.
WARN_DAYS = 30

#: The number of reasons for which a host is not proved that are kept.
_MAX_DOUBTS = 4


class HostSummary(t.NamedTuple):
    """What is known of a host at the end of a run.

    :param state: one of :data:`STATES`.
    :param generation: the number of its live configuration; None if not known.
    :param members: the number of its own members in its consumer groups, or None if they were not checked.
    :param partitions: the number of partitions that these members read.
    :param lag: the number of records that they are behind. None if Kafka has no offsets of the group.
    :param proved: whether Kafka named the host as a member of its groups.
    :param not_proved: what could not be proved, and why.
    """

    host: str
    state: str
    generation: t.Optional[int] = None
    members: t.Optional[int] = None
    partitions: t.Optional[int] = None
    lag: t.Optional[int] = None
    proved: bool = False
    not_proved: t.Tuple[str, ...] = ()

    def to_result(self) -> t.Dict[str, t.Any]:
        """Return the entry of ``hosts``."""
        return {**self._asdict(), "not_proved": list(self.not_proved)}


class CertificateExpiry(t.NamedTuple):
    """A certificate of the declaration, of a host or of a broker.

    :param where: whose it is.
    """

    where: str
    subject: str
    expires: str
    days_left: int

    @property
    def soon(self) -> bool:
        """Whether the summary warns of it."""
        return self.days_left < WARN_DAYS


def host(name: str, phases: t.Mapping[str, StepResult], writes: bool = False) -> HostSummary:
    """Return what is known of a host.

    :param phases: the results of ``onlinefs_config`` on it, under the names of the parts: ``preflight``, ``onlinefs``,
        ``verify`` and ``revert``.
    :param writes: the run is one that changes hosts, so a host that still needs a change did not get it. Without it, no
        host was changed.
    """
    written = phases.get("onlinefs") or phases.get("revert")
    latest = next((phases[part] for part in ("verify", "onlinefs", "revert", "preflight") if part in phases), None)
    if latest is None:
        return HostSummary(name, "not reached", not_proved=("this run did not reach it",))
    state = _state(written, latest, "verify" in phases)
    if state == "would change" and writes:
        state = "not changed"
    if state == "changed" and not writes:
        state = "would change"
    if "changes" not in latest:
        return HostSummary(name, state, not_proved=(short(latest.get("msg") or "it returned no message"),))
    members = _members(latest)
    proved = is_proved(latest)
    return HostSummary(
        name,
        state,
        latest.get("generation"),
        None if members is None else len(members),
        None if members is None else sum(len(member.get("partitions") or ()) for member in members),
        _lag(members),
        proved,
        () if proved else _doubts(latest),
    )


def is_proved(result: StepResult) -> bool:
    """Return whether Kafka named the host as a member of its groups during this task."""
    return result.get("proved") is True


def certificates(
    probes: t.Sequence[StepResult], hosts: t.Mapping[str, t.Sequence[StepResult]]
) -> t.List[CertificateExpiry]:
    """Return every certificate that the run saw, the one that expires first at the top, each once.

    :param probes: the results of ``kafka_probe``: the declaration's own certificates and the brokers'.
    :param hosts: the results of ``onlinefs_config`` for each host.
    """
    seen: t.Dict[t.Tuple[str, str], t.List[t.Tuple[str, int]]] = {}
    for place, given in _certificate_lists(probes, hosts):
        for entry in given:
            if entry.get("days_left") is None:
                continue
            key = (public_label(str(entry.get("subject") or "?")), public_label(str(entry.get("expires") or "?")))
            where = public_label(str(entry.get("store") or place))
            seen.setdefault(key, []).append((where, int(entry["days_left"])))
    found = [
        CertificateExpiry(
            names(list(dict.fromkeys(place for place, _left in places))),
            subject,
            expires,
            min(left for _place, left in places),
        )
        for (subject, expires), places in seen.items()
    ]
    return sorted(found, key=lambda certificate: (certificate.days_left, certificate.subject))


def cluster_id(probes: t.Sequence[StepResult], hosts: t.Mapping[str, t.Sequence[StepResult]]) -> t.Optional[str]:
    """Return the id of the Kafka cluster, from a probe or from any host."""
    results = [*probes, *(result for given in hosts.values() for result in given)]
    return next((str(result["cluster_id"]) for result in results if result.get("cluster_id")), None)


def _certificate_lists(
    probes: t.Sequence[StepResult], hosts: t.Mapping[str, t.Sequence[StepResult]]
) -> t.Iterator[t.Tuple[str, t.Sequence[StepResult]]]:
    for probe in probes:
        yield "broker", probe.get("certificates") or ()
    for name, results in hosts.items():
        # Only the latest: an earlier one may name certificates that the run replaced.
        latest = next((result for result in reversed(results) if result.get("certificates")), {})
        yield f"host {name}", latest.get("certificates") or ()


def _state(written: t.Optional[StepResult], latest: StepResult, verified: bool) -> str:
    if latest.get("unreachable"):
        return "unreachable"
    if written is not None and "changes" not in written:
        return "rolled back" if written.get("rolled_back") else "failed"
    if "changes" not in latest:
        return "failed"
    if written is not None:
        return "changed" if written.get("actions") else "unchanged"
    if latest["changes"] or latest.get("actions"):
        return "differs" if verified else "would change"
    return "unchanged"


def _members(result: StepResult) -> t.Optional[t.Sequence[StepResult]]:
    """Return the host's own members in Kafka; None if they were not checked."""
    return result.get("members") if is_proved(result) or result.get("members") else None


def _lag(members: t.Optional[t.Sequence[StepResult]]) -> t.Optional[int]:
    known = [member["lag"] for member in members or () if member.get("lag") is not None]
    return sum(known) if known else None


def _doubts(result: StepResult) -> t.Tuple[str, ...]:
    given = result.get("not_proved") or ("Kafka was not asked for the members of the consumer group",)
    more = [count(len(given) - _MAX_DOUBTS, "more reason")] if len(given) > _MAX_DOUBTS else []
    return (*(short(text) for text in given[:_MAX_DOUBTS]), *more)
