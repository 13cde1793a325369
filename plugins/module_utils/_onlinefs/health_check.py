# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Check that the service works.

An active unit is not enough: OnlineFS keeps running when Kafka refuses its login. After a restart, the check passes
when the unit runs and keeps running, its metrics page answers, and Kafka describes a member of this host that was not
in the consumer group before the restart, has partitions, and is still there after the settle time. Without a restart,
one description by Kafka is enough. All of it has one time limit.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.defects import DefectError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean

from . import metrics_page
from .generations import FileSet
from .host_error import HostError
from .owner_process import read_bounded
from .service import Service, State

if t.TYPE_CHECKING:
    from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.group_membership import ConsumerGroup

#: By file: the members that its group has; ``None`` if that is not known.
Members = t.Mapping[str, t.Optional[t.FrozenSet[str]]]

#: Why a group was not checked.
NOT_OURS = "this configuration was not written by this collection, so root does not follow it"

_POLL_SECONDS = 0.25
#: How long a single look at the groups may take, and how long to wait before the next one.
_LOOK_SECONDS = 5.0
_LOOK_AGAIN_SECONDS = 0.5
#: How long to ask for the members before a restart. A new Kafka takes some seconds for its first group.
_BEFORE_SECONDS = 10.0
#: The time limit for a service that was not restarted: it is a member already, or the group is about to be rebalanced.
UNCHANGED_SECONDS = 30.0
#: How long to wait for the partitions of a group that has none: it gets them some moments later, or there are none.
_NO_PARTITIONS_SECONDS = 5.0
_LOG_BYTES = 32 * 1024
_LOG_LINES = 20
_LOG_LINE = 400
_SEE_LOG = "Look at the log of the service"


class MembershipCheck(t.Protocol):
    """Look at the consumer groups of a configuration, see :class:`.group_check.MembershipCheck`."""

    def members(self, files: FileSet, seconds: float) -> Members:
        """Return the members that the groups have now."""

    def look(self, files: FileSet, before: t.Optional[Members], seconds: float) -> t.List[ConsumerGroup]:
        """Look at the groups once."""


@dataclasses.dataclass(frozen=True)
class Health:
    """What a passed check saw.

    :param service: the service's state, for people.
    :param metrics: ``ok``, or ``None`` if the metrics are not checked.
    :param groups: the consumer groups; empty if they are not checked.
    """

    service: str
    metrics: t.Optional[str]
    groups: t.Tuple[ConsumerGroup, ...] = ()

    @property
    def group(self) -> t.Optional[ConsumerGroup]:
        """The group of the main consumer."""
        return self.groups[0] if self.groups else None

    @property
    def cluster_id(self) -> t.Optional[str]:
        """The id of the cluster that the service reads from, if it is known."""
        return next((group.cluster_id for group in self.groups if group.cluster_id), None)

    def doubts(self) -> t.List[str]:
        """Return what was not proved although the check has passed."""
        return [doubt for group in self.groups for doubt in group.doubts()]

    def to_result(self) -> t.Dict[str, t.Any]:
        """Return the check as results show it."""
        group = self.group
        return {"service": self.service, "metrics": self.metrics, "group": group.to_result() if group else None}


class HealthCheck:
    """Wait until a service works.

    :param service: the service to check.
    :param metrics_url: a page that answers with status 200 while the service runs; empty to skip this.
    :param timeout: the number of seconds in which everything must pass after a restart.
    :param settle: the number of seconds for which the service must keep running after a restart.
    :param groups: looks at the consumer groups; ``None`` to skip this.
    """

    def __init__(
        self,
        service: Service,
        metrics_url: str,
        timeout: float,
        settle: float,
        groups: t.Optional[MembershipCheck] = None,
    ) -> None:
        self._service = service
        self._metrics_url = metrics_url
        self._timeout = timeout
        self._settle = settle
        self._groups = groups

    def before_restart(self, files: FileSet) -> Members:
        """Return the members of the consumer groups. They prove nothing after the restart that follows.

        :param files: the configuration that the service will read.
        """
        if self._groups is None:
            return {}
        try:
            return self._groups.members(files, _BEFORE_SECONDS)
        except Exception:
            # Not known, so nothing will be proved. The restart must not depend on it.
            return {}

    def wait(self, files: FileSet, before: t.Optional[Members] = None) -> Health:
        """Wait until the service works with a configuration.

        :param files: the configuration that is live now, as root knows it. It is not read back from the host.
        :param before: what :meth:`before_restart` returned; ``None`` if the service was not restarted.
        :raises HopsworksKafkaError: something did not pass in time, or did not keep passing. A defect of this check
            counts as failed too, so that the caller rolls back.
        """
        try:
            if before is None:
                return self._wait_unchanged(files)
            return self._wait_restarted(files, before)
        except HopsworksKafkaError:
            raise
        except Exception as error:
            raise DefectError(error) from error

    def _wait_unchanged(self, files: FileSet) -> Health:
        seconds = min(self._timeout, UNCHANGED_SECONDS)
        deadline = time.monotonic() + seconds
        state = self._up(deadline, seconds)
        groups = self._joined(files, None, deadline, state)
        return Health(state.text, metrics_page.OK if self._metrics_url else None, groups)

    def _wait_restarted(self, files: FileSet, before: Members) -> Health:
        deadline = time.monotonic() + self._timeout
        state = self._up(deadline, self._timeout)
        first = self._joined(files, before, deadline, state)
        settled = time.monotonic() + self._settle
        while time.monotonic() < settled:
            time.sleep(min(_POLL_SECONDS, self._settle))
            self._check_runs(state)
        metrics = self._metrics()
        if metrics not in (None, metrics_page.OK):
            raise HostError(self._subject, f"its metrics at {self._page} stopped answering: {metrics}", _SEE_LOG)
        groups = self._joined(files, before, max(deadline, time.monotonic() + _LOOK_SECONDS), state)
        for old, new in zip(first, groups):
            stayed = {member["member_id"] for member in old.own} & {member["member_id"] for member in new.own}
            if old.own and not stayed:
                cause = f"the member {old.client_id} did not stay in it"
                raise HostError(f"consumer group {old.name}", cause, _SEE_LOG)
        return Health(state.text, metrics, groups)

    def _joined(
        self, files: FileSet, before: t.Optional[Members], deadline: float, state: State
    ) -> t.Tuple[ConsumerGroup, ...]:
        """Look at the groups until this host's members are in all of them.

        :raises HostError: one is not, or the service did not keep running.
        """
        if self._groups is None:
            return ()
        empty_since: t.Optional[float] = None
        while True:
            left = deadline - time.monotonic()
            groups = tuple(self._groups.look(files, before, min(_LOOK_SECONDS, max(left, 1.0))))
            self._check_runs(state)
            now = time.monotonic()
            empty_since = (empty_since or now) if all(_reads(group) or _is_empty(group) for group in groups) else None
            waited = empty_since is not None and now - empty_since >= _NO_PARTITIONS_SECONDS
            if all(_reads(group) or group.final or (waited and _is_empty(group)) for group in groups):
                break
            if now >= deadline or any(group.final and group.joined is False for group in groups):
                break
            time.sleep(min(_LOOK_AGAIN_SECONDS, max(deadline - now, 0)))
        for group in groups:
            require_joined(group)
        return groups

    def _check_runs(self, state: State) -> None:
        """Check that the service still is the one that was seen first.

        :raises HostError: it is not.
        """
        now = self._service.state()
        if not now.running or now.identity != state.identity:
            raise HostError(self._subject, f"it did not keep running: {now.text}", _SEE_LOG)

    @property
    def _subject(self) -> str:
        return f"service {self._service.name}".rstrip()

    @property
    def _page(self) -> str:
        return metrics_page.shown(self._metrics_url)

    def _up(self, deadline: float, seconds: float) -> State:
        """Wait until the service runs and its metrics page answers."""
        while True:
            state = self._service.state()
            metrics = self._metrics() if state.running else None
            if state.running and metrics in (None, metrics_page.OK):
                return state
            if state.failed:
                raise HostError(self._subject, f"it does not run: {state.text}", _SEE_LOG)
            if time.monotonic() > deadline:
                cause = (
                    f"its metrics at {self._page} do not answer: {metrics}"
                    if metrics
                    else f"it does not run: {state.text}"
                )
                raise HostError(self._subject, f"{cause} (waited {seconds:.0f} s)", _SEE_LOG)
            time.sleep(_POLL_SECONDS)

    def _metrics(self) -> t.Optional[str]:
        return metrics_page.status(self._metrics_url) if self._metrics_url else None


def require_joined(group: ConsumerGroup) -> None:
    """Check that this host's member is in its group, by Kafka's own description.

    A configuration that this collection did not write cannot be checked, and is no failure.

    :raises HostError: it is not, or Kafka could not be asked.
    """
    if group.joined or (group.joined is None and group.reason == NOT_OURS):
        return
    if group.joined is False:
        cause = f"no member {group.client_id} in it: {group.reason}"
        raise HostError(f"consumer group {group.name}", cause, _SEE_LOG)
    cause = f"Kafka could not be asked for its members: {group.reason}"
    remedy = f"{_SEE_LOG}. To do without this check, set verify_consumer_group to false"
    raise HostError(f"consumer group {group.name}", cause, remedy)


def _reads(group: ConsumerGroup) -> bool:
    """Tell whether this host's member has partitions, or all are with other members, as there are too few of them."""
    return bool(group.joined) and (group.reads or (group.stable and group.partitions > 0))


def _is_empty(group: ConsumerGroup) -> bool:
    """Tell whether this host's member is in a group that has no partitions at all."""
    return bool(group.joined) and group.stable and not group.partitions


def last_lines(path: str, secrets: t.Collection[str]) -> t.List[str]:
    """Return the last lines of a log without secrets; one line that says why if it cannot be read.

    The log is read with the rights of the service's user: it may be a link to any file of the host.
    """
    try:
        text = read_bounded(path, _LOG_BYTES, tail=True).decode("utf-8", "replace")
    except HopsworksKafkaError as error:
        return [f"({path} cannot be read: {error.cause})"]
    if len(text) >= _LOG_BYTES - 4:
        # The beginning of the first line is missing, so a secret in it might not be recognised.
        text = text.partition("\n")[2]
    return [line[:_LOG_LINE] for line in clean(text, secrets).splitlines()[-_LOG_LINES:]]
