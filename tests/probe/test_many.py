"""Many credentials in one task: what one of them held is let go of before the next ones come."""

from __future__ import annotations

import gc
import threading
import time

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import declare
from ansible_collections.hopsworks.kafka.plugins.module_utils._probe import probe
from confluent_kafka.admin import AdminClient

from tests.probe.support import Description, declared


def clients() -> int:
    # Not isinstance, which looks behind proxies, and some of those are dead.
    return sum(AdminClient in type(found).__mro__ for found in gc.get_objects())


@pytest.mark.parametrize("topic", ["orders_onlinefs", "secret_of_others"], ids=["allowed", "refused"])
def test_clients_and_threads_are_gone_after_each_probe(kafka: Description, topic: str) -> None:
    client = declare(declared(kafka, "sasl_plaintext", "PLAIN")["properties"])
    options = probe.ProbeOptions(topics=(probe.TopicRequirement(topic, ("describe", "read")),), timeout=20)
    gc.collect()
    gc.disable()  # what only the collector of cycles lets go of may stay for minutes
    try:
        before, threads = clients(), threading.active_count()
        for _number in range(5):
            probe.probe(client, options)
        end = time.monotonic() + 10
        while time.monotonic() < end and (clients() > before or threading.active_count() > threads):
            time.sleep(0.05)
        assert clients() == before
        assert threading.active_count() == threads
    finally:
        gc.enable()
