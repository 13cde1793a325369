# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Check that the service works after a restart.

An active unit is not enough: OnlineFS keeps running when Kafka refuses its login. The check passes when the unit runs
and keeps running, its metrics page answers, and its member is in the consumer group (``_brokers.consumer_groups``).
All of it has one time limit.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.consumer_groups import ConsumerGroup
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.defects import DefectError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import clean

from . import metrics_page
from .generations import FileSet
from .host_error import HostError
from .owner_process import read_bounded
from .service import Service, State

_POLL_SECONDS = 0.25
_MIN_GROUP_SECONDS = 3.0
_LOG_BYTES = 32 * 1024
_LOG_LINES = 20
_LOG_LINE = 400
_SEE_LOG = "See the service's log below"

#: Check the consumer group of a configuration within some seconds; ``None`` if there is nothing to check.
GroupCheck = t.Callable[[FileSet, float], t.Optional[ConsumerGroup]]


@dataclasses.dataclass(frozen=True)
class Health:
    """What a passed check saw.

    :param service: the service's state, for people.
    :param metrics: ``ok``, or ``None`` if the metrics are not checked.
    :param group: the consumer group, or ``None`` if it is not checked.
    """

    service: str
    metrics: t.Optional[str]
    group: t.Optional[ConsumerGroup]

    def to_result(self) -> t.Dict[str, t.Any]:
        """Return the check as results show it."""
        return dataclasses.asdict(self)


class HealthCheck:
    """Wait until a service works.

    :param service: the service to check.
    :param metrics_url: a page that answers with status 200 while the service runs; empty to skip this.
    :param timeout: the number of seconds in which everything must pass.
    :param settle: the number of seconds for which the service must keep running.
    :param group: checks the consumer group; ``None`` to skip this.
    """

    def __init__(
        self,
        service: Service,
        metrics_url: str,
        timeout: float,
        settle: float,
        group: t.Optional[GroupCheck] = None,
    ) -> None:
        self._service = service
        self._metrics_url = metrics_url
        self._timeout = timeout
        self._settle = settle
        self._group = group

    def wait(self, files: FileSet) -> Health:
        """Wait until the service works with a configuration.

        :param files: the configuration that is live now, as root knows it. It is not read back from the host.
        :raises HopsworksKafkaError: something did not pass in time, or did not keep passing. A defect of this check
            counts as failed too, so that the caller rolls back.
        """
        try:
            return self._wait(files)
        except HopsworksKafkaError:
            raise
        except Exception as error:
            raise DefectError(error) from error

    def _wait(self, files: FileSet) -> Health:
        deadline = time.monotonic() + self._timeout
        state = self._up(deadline)
        settled = time.monotonic() + self._settle
        while time.monotonic() < settled:
            time.sleep(min(_POLL_SECONDS, self._settle))
            now = self._service.state()
            if not now.running or now.identity != state.identity:
                raise HostError(self._subject, f"it did not keep running: {now.text}", _SEE_LOG)
        metrics = self._metrics()
        if metrics not in (None, metrics_page.OK):
            raise HostError(self._subject, f"its metrics at {self._page} stopped answering: {metrics}", _SEE_LOG)
        group = None
        if self._group is not None:
            group = self._group(files, max(deadline - time.monotonic(), _MIN_GROUP_SECONDS))
        return Health(state.text, metrics, group)

    @property
    def _subject(self) -> str:
        return f"service {self._service.name}".rstrip()

    @property
    def _page(self) -> str:
        return metrics_page.shown(self._metrics_url)

    def _up(self, deadline: float) -> State:
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
                raise HostError(self._subject, f"{cause} (waited {self._timeout:.0f} s)", _SEE_LOG)
            time.sleep(_POLL_SECONDS)

    def _metrics(self) -> t.Optional[str]:
        return metrics_page.status(self._metrics_url) if self._metrics_url else None


def require_joined(group: ConsumerGroup, required: bool) -> None:
    """Check that the host's member is in its group.

    :param required: fail also if the group could not be checked.
    :raises HostError: it is not.
    """
    if group.joined is False or (group.joined is None and required):
        cause = f"no member {group.client_id} in it" if group.joined is False else "it could not be checked"
        raise HostError(f"consumer group {group.name}", f"{cause}: {group.reason}", _SEE_LOG)


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
