"""librdkafka's mock cluster as a process: three brokers on loopback that other processes can use, in plain text.

Prints ``ready HOST:PORT,…`` once topics exist, and ends on SIGTERM. Good for a demonstration, not as proof: it has no
TLS, no SASL and no access rights.
"""

from __future__ import annotations

import argparse
import signal
import sys
import typing as t

from confluent_kafka import Producer


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.brokers", description=__doc__)
    parser.add_argument("--brokers", type=int, default=3)
    parser.add_argument("--topic", action="append", default=[], help="a topic to create; may be repeated")
    options = parser.parse_args(arguments)

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    producer = Producer({"test.mock.num.brokers": options.brokers, "log_level": 2})
    for topic in options.topic:
        produce_one(producer, topic)
    metadata = producer.list_topics(timeout=10)
    addresses = ",".join(f"{broker.host}:{broker.port}" for broker in metadata.brokers.values())
    print(f"ready {addresses}", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    return 0


def produce_one(producer: Producer, topic: str) -> None:
    """The mock cluster makes a topic when something is first written to it."""
    failed: list[t.Any] = []
    producer.produce(topic, b"the first record", on_delivery=lambda error, _: failed.append(error) if error else None)
    if producer.flush(10) or failed:
        raise SystemExit(f"the mock cluster did not take a record for {topic}: {failed}")


if __name__ == "__main__":
    sys.exit(main())
