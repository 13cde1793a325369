"""What the real Hopsworks client makes of a project's Kafka connector. Runs in that client's own virtual environment.

    python client.py

reads requests, one JSON object a line, and answers each with one. A request: host, port, project, api_key, ca_path,
directory (home and current directory), and `steps`: functions below, each with its arguments. The answer: the client's
version and, for each step, {"ok": …} or {"error": {type, text, status, code}}. Each request is carried out by a process
of its own, as a user's would be; the process is a copy of this one, so that the libraries are imported only once.
It imports nothing of the collection: it stands for the user's code.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import pathlib
import sys
import time
import typing as t

Answer = dict[str, t.Any]


class Session:
    def __init__(self, request: t.Mapping[str, t.Any]) -> None:
        import hopsworks

        self.project = hopsworks.login(
            host=request["host"],
            port=request["port"],
            project=request["project"],
            api_key_value=request["api_key"],
            hostname_verification=True,
            trust_store_path=request["ca_path"],
            cert_folder=os.path.join(request["directory"], "certificates"),
            engine="python",
        )
        self.store = self.project.get_feature_store()

    def connector(self, name: str = "kafka_connector") -> t.Any:
        return self.store.get_storage_connector(name)

    def effective(self) -> t.Any:
        """The connector that an insert uses: what the byok route answers."""
        from hsfs.core.storage_connector_api import StorageConnectorApi

        api = StorageConnectorApi()
        get = getattr(api, "_get_kafka_connector", None) or api.get_kafka_connector
        return get(self.store.id, True)

    def _chosen(self, which: str) -> t.Any:
        return self.effective() if which == "effective" else self.connector(which)

    # ------------------------------------------------------------------ steps

    def describe(self, which: str) -> Answer | None:
        connector = self._chosen(which)
        if connector is None:
            return None
        return {
            "id": connector.id,
            "name": connector.name,
            "bootstrap_servers": connector.bootstrap_servers,
            "security_protocol": connector.security_protocol,
            "options": connector.options,
            "external": connector._external_kafka,
        }

    def kafka_options(self, which: str) -> Answer:
        options = self._chosen(which).kafka_options()
        return {"options": options, "files": _digests(options)}

    def confluent_options(self, which: str) -> Answer:
        options = self._chosen(which).confluent_options()
        return {"options": options, "files": _digests(options)}

    def spark_options(self, which: str, spark: str = "3.5.5") -> Answer:
        # The options are made of the connector alone; only their form depends on the release of Spark.
        from hsfs import engine

        instance = getattr(engine, "_get_instance", None) or engine.get_instance
        for name in ("_get_spark_version", "get_spark_version"):
            setattr(instance(), name, lambda: spark)
        return {"options": self._chosen(which).spark_options()}

    def producer(self, which: str) -> str:
        """Whether librdkafka accepts the options: no broker is needed for that."""
        import confluent_kafka

        confluent_kafka.Producer(self._chosen(which).confluent_options())
        return confluent_kafka.libversion()[0]

    def exchange(self, which: str, topic: str, group: str, seconds: float = 30.0) -> Answer:
        """Writes one record with a producer and reads it back with a consumer, both made of the options alone."""
        import confluent_kafka

        options = self._chosen(which).confluent_options()
        payload = f"{os.getpid()}-{time.time()}".encode()
        delivered: list[t.Any] = []
        producer = confluent_kafka.Producer({**options, "message.timeout.ms": int(seconds * 1000)})
        producer.produce(topic, payload, on_delivery=lambda error, message: delivered.append((error, message)))
        producer.flush(seconds)
        if not delivered or delivered[0][0] is not None:
            raise RuntimeError(f"not delivered: {delivered[0][0] if delivered else 'time-out'}")
        message = delivered[0][1]
        consumer = confluent_kafka.Consumer({**options, "group.id": group, "enable.auto.commit": False})
        try:
            place = confluent_kafka.TopicPartition(topic, message.partition(), message.offset())
            consumer.assign([place])
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                record = consumer.poll(0.2)
                if record is not None and record.error() is None:
                    return {"same": record.value() == payload, "partition": record.partition()}
            raise RuntimeError("not read back: time-out")
        finally:
            consumer.close()

    def save(self, name: str, bootstrap_servers: str) -> t.Any:
        """What the client's own save() of a Kafka connector comes to (clients from 5.0 on)."""
        from hsfs.storage_connector import KafkaConnector

        KafkaConnector(
            None,
            name,
            self.store.id,
            bootstrap_servers=bootstrap_servers,
            security_protocol="PLAINTEXT",
            ssl_endpoint_identification_algorithm="",
        ).save()
        return self.describe(name)

    def upload(self, local: str, directory: str, overwrite: bool = False) -> str:
        return str(self.project.get_dataset_api().upload(local, directory, overwrite=overwrite))

    def exists(self, path: str) -> bool:
        return bool(self.project.get_dataset_api().exists(path))

    def download(self, path: str, local: str) -> str:
        return _digest(self.project.get_dataset_api().download(path, local, overwrite=True))

    def remove(self, path: str) -> None:
        self.project.get_dataset_api().remove(path)


def _digest(path: str) -> str:
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def _digests(options: t.Mapping[str, t.Any]) -> dict[str, str]:
    return {
        key: _digest(value) for key, value in options.items() if key.endswith(".location") and os.path.isfile(value)
    }


def _failure(error: BaseException) -> Answer:
    # A login says "project not found" whatever the server said: its answer is in the error that it came of.
    answered: BaseException | None = error
    while answered is not None and not hasattr(answered, "response"):
        answered = answered.__context__
    return {
        "type": type(error).__name__,
        "text": str(error),
        "status": getattr(getattr(answered, "response", None), "status_code", None),
        "code": getattr(answered, "error_code", None),
    }


def answer_to(request: t.Mapping[str, t.Any]) -> Answer:
    os.environ["HOME"] = request["directory"]
    os.chdir(request["directory"])
    results: list[Answer] = []
    answer: Answer = {"version": importlib.metadata.version("hopsworks"), "steps": results}
    try:
        session = Session(request)
        answer["login"] = {"ok": session.project.name}
    except Exception as error:
        answer["login"] = {"error": _failure(error)}
    else:
        for name, *arguments in request["steps"]:
            try:
                results.append({"ok": getattr(session, name)(*arguments)})
            except Exception as error:
                results.append({"error": _failure(error)})
    return answer


def main() -> None:
    # Imported for the copies of this process that do the work.
    import confluent_kafka  # noqa: F401
    import hopsworks  # noqa: F401
    import hsfs.engine.python
    import hsfs.storage_connector  # noqa: F401

    # The client prints to stdout what it likes; the answers alone are to be there.
    out = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        copy = os.fork()
        if copy:
            _pid, status = os.waitpid(copy, 0)
            if status:
                os.write(out, json.dumps({"crash": status}).encode() + b"\n")
            continue
        with os.fdopen(out, "w") as stream:
            stream.write(json.dumps(answer_to(json.loads(line))) + "\n")
        os._exit(0)


if __name__ == "__main__":
    main()
