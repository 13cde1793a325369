# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The lines of findings and summary that a person reads."""

from __future__ import annotations

import textwrap
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import visible

from . import findings as listing
from . import hosts as seen
from .findings import count, names
from .summary import Summary

#: The number of lines that findings and summary may have together.
MAX_LINES = 40
#: Up to so many hosts have a line each.
MAX_HOST_LINES = 4

#: The number of certificates that are shown; of the others, those that expire soon are counted.
_MAX_CERTIFICATES = 3
_WIDTH = 150
_LABEL = 14
_WORDS = {"external": "use the declared Kafka", "managed": "use the Kafka that Hopsworks manages"}

#: What preflight and check mode say of projects.
_PLANNED = {"created": "to create", "updated": "to update", "deleted": "to delete"}


def lines(summary: Summary) -> t.List[str]:
    """Return the lines that a person reads: the key sentence, the findings, the summary."""
    below = list(_table(summary))
    listed = listing.lines(summary.causes, MAX_LINES - len(below) - 2)
    return [visible(line) for line in (headline(summary), *listed, *below)]


def headline(summary: Summary) -> str:
    """Return the key sentence."""
    run = summary.run
    name = run.playbook or "hopsworks.kafka"
    if not summary.causes:
        if run.check_mode:
            return f"{name}: nothing is wrong. Check mode: nothing was written."
        if summary.left_out:
            return f"{name}: not complete (see Left out); nothing is wrong with what was done."
        if summary.not_proved:
            return (
                f"{name}: done, and nothing is wrong that could be seen, but not everything is proved (see Not proved)."
            )
        return f"{name}: done, and nothing is wrong."
    number = len(summary.causes)
    found = f"{number} thing{' is' if number == 1 else 's are'} wrong"
    if run.stopped_before_changes:
        return f"{name}: {found}, so nothing was changed."
    if run.stopped:
        return f"{name}: {found}. The run stopped at {run.stopped}."
    return f"{name}: {found}."


def _table(summary: Summary) -> t.Iterator[str]:
    run = summary.run
    # After a revert, the hosts use another Kafka than the declared one.
    bootstrap = "" if "revert" in run.parts else run.bootstrap
    if summary.cluster_id or bootstrap:
        identity = f"cluster {summary.cluster_id}" if summary.cluster_id else "cluster id not read"
        servers = names([server.strip() for server in bootstrap.split(",") if server.strip()])
        yield from _row("Kafka", f"{identity}, {servers}" if servers else identity)
    if summary.release:
        yield from _row("Hopsworks", summary.release)
    if summary.projects:
        number = sum(summary.projects.values())
        words = _WORDS if run.writes_projects else {**_WORDS, **_PLANNED}
        told = ", ".join(f"{many} {words.get(word, word)}" for word, many in summary.projects.items())
        yield from _row("Projects", f"{count(number, 'project')}: {told}")
    elif any((run.step(name) or {}).get("results") == [] for name in ("projects", "revert", "preflight", "verify")):
        yield from _row("Projects", "none: no project was checked")
    if summary.left_behind_message:
        yield from _row("Left behind", f"{listing.short(summary.left_behind_message)}.")
    for number, text in enumerate(summary.move_lines):
        yield from _row("" if number else "Move", text)
    for number, line in enumerate(_hosts(summary.hosts)):
        yield from _row("" if number else "Hosts", line)
    if (
        run.rollout
        and not run.check_mode
        and any("changes" in (phases.get("onlinefs") or {}) for phases in run.hosts.values())
    ):
        back = f"hopsworks.kafka.revert -e onlinefs_generation={run.rollout}"
        yield from _row("Rollout", f"{run.rollout}. To return the hosts to it later: {back}")
    for number, line in enumerate(_certificates(summary.certificates)):
        yield from _row("" if number else "Certificates", line)
    for number, text in enumerate(_few(summary.not_proved)):
        yield from _row("" if number else "Not proved", text)
    for number, text in enumerate(summary.left_out):
        yield from _row("" if number else "Left out", text)
    for number, text in enumerate(summary.next_steps):
        yield from _row("" if number else "Next", text)


def _hosts(hosts: t.Sequence[seen.HostSummary]) -> t.List[str]:
    if len(hosts) <= MAX_HOST_LINES:
        return [f"{host.host}: {host.state}{_details([host])}" for host in hosts]
    told = []
    for state in seen.STATES:
        alike = [host for host in hosts if host.state == state]
        if alike:
            told.append(f"{count(len(alike), 'host')} {state}: {names([host.host for host in alike])}{_details(alike)}")
    return told


def _details(hosts: t.Sequence[seen.HostSummary]) -> str:
    """Return what hosts in the same state have: generations, members, lag."""
    details = []
    numbers = sorted({host.generation for host in hosts if host.generation is not None})
    if numbers:
        details.append(f"generation {numbers[0]}" + (f" to {numbers[-1]}" if len(numbers) > 1 else ""))
    if any(host.members is not None for host in hosts):
        members = sum(host.members or 0 for host in hosts)
        partitions = sum(host.partitions or 0 for host in hosts)
        details.append(f"{count(members, 'member')} with {count(partitions, 'partition')}")
    lags = [host.lag for host in hosts if host.lag is not None]
    if lags:
        details.append(f"lag {sum(lags)}")
    return "".join(f", {detail}" for detail in details)


def _certificates(certificates: t.Sequence[seen.CertificateExpiry]) -> t.List[str]:
    shown = []
    for certificate in certificates[:_MAX_CERTIFICATES]:
        if certificate.days_left < 0:
            told = f"EXPIRED {-certificate.days_left} days ago"
        else:
            told = f"{'WARNING: ' if certificate.soon else ''}{certificate.days_left} days left"
        shown.append(f"{told}: {certificate.subject} ({certificate.where}), until {certificate.expires}")
    if len(certificates) > _MAX_CERTIFICATES:
        rest = certificates[_MAX_CERTIFICATES:]
        soon = sum(certificate.soon for certificate in rest)
        shown.append(f"{len(rest)} more, {soon} of them with less than {seen.WARN_DAYS} days left")
    return shown


def _few(texts: t.Sequence[str], limit: int = 3) -> t.List[str]:
    return [*texts[:limit], *([f"{len(texts) - limit} more"] if len(texts) > limit else [])]


def _row(label: str, text: str) -> t.List[str]:
    wrapped = textwrap.wrap(
        text, _WIDTH - _LABEL - 2, break_long_words=True, break_on_hyphens=False, max_lines=3, placeholder=" …"
    )
    first = f"  {label:<{_LABEL}}"
    return [(first if not number else " " * (_LABEL + 2)) + line for number, line in enumerate(wrapped)]
