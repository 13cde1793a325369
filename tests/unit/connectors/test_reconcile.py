"""One project from reading to its outcome, against a server in memory that fails where it is told to."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Action, Plan
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors import connector_planner, reconcile
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors.connector_planner import (
    DesiredConnector,
    StoreFile,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors.project_outcome import ProjectOutcome
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.projects import Project
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import (
    ApiError,
    RequestError,
    TransportError,
)

from tests.unit.connectors.stores import store_file

FOLDER = "/Projects/fraud/Resources/kafka_fraud_"
STORE = store_file(f"{FOLDER}11111111_truststore.jks", b"new store")
OLD = f"{FOLDER}00000000_truststore.jks"
SECRET = "S3CRET-of-the-project"
FIELDS: dict[str, t.Any] = {
    "bootstrapServers": "kafka:9093",
    "securityProtocol": "SASL_SSL",
    "sslEndpointIdentificationAlgorithm": "HTTPS",
    "sslTruststoreLocation": STORE.path,
    "sslTruststorePassword": SECRET,
    "options": [],
}
DESIRED = DesiredConnector("fraud", "kafka_connector", fields=FIELDS, files=(STORE,))
OWNER = Project(7, "fraud", "Data owner")


def lost() -> TransportError:
    return TransportError("timeout", "no answer", temporary=True)


def internal() -> ApiError:
    return ApiError("server_error", "it failed", status=500)


class Hopsworks:
    """A session with a project behind it.

    :ivar failures: errors to raise, by method and a part of the path; each once. True with it: only after the write.
    """

    def __init__(self) -> None:
        self.connectors: dict[str, dict[str, t.Any]] = {}
        self.files: dict[str, bytes] = {}
        self.failures: list[tuple[str, str, RequestError | Exception, bool]] = []
        self.writes: list[str] = []
        self.paused = 0
        self.since: list[float] = []
        self.patience = True

    @property
    def started(self) -> float:
        return float(len(self.since))

    def pause(self, _attempt: int, _error: RequestError, since: float) -> bool:
        self.since.append(since)
        self.paused += 1
        return self.patience

    def call(self, method: str, route: str, ids: dict[str, t.Any], **body: t.Any) -> t.Any:
        path = route.format(**ids)
        failure = next((one for one in self.failures if one[0] == method and one[1] in path), None)
        if failure:
            self.failures.remove(failure)
            if failure[3]:
                self._answer(method, route, ids, **body)
            raise failure[2]
        return self._answer(method, route, ids, **body)

    def _answer(self, method: str, route: str, ids: dict[str, t.Any], **body: t.Any) -> t.Any:
        if method != "GET":
            self.writes.append(f"{method} {'connector' if 'storageconnectors' in route else 'file'}")
        if "dataset" in route:
            return self._file(method, ids["path"], **body)
        if "storageconnectors" in route:
            return self._connector(method, ids.get("name"), **body)
        return {"featurestoreId": 67}

    def _connector(self, method: str, name: str | None, json: t.Any = None) -> t.Any:
        if method == "GET" and name is None:
            return {"items": list(self.connectors.values())}
        if method == "POST":
            if json["name"] in self.connectors:
                raise ApiError("name_taken", "it exists", status=400, error_code=270030)
            self.connectors[json["name"]] = {**json, "id": 1}
            return None
        if name not in self.connectors:
            raise ApiError("connector_not_found", "it is not there", status=404, error_code=270042)
        if method == "PUT":
            self.connectors[name] = {**json, "id": 1}
        elif method == "DELETE":
            del self.connectors[name]
        return self.connectors.get(name)

    def _file(self, method: str, path: str, query: t.Any = None, form: t.Any = None, **_bounds: t.Any) -> t.Any:
        whole = f"/Projects/fraud/{path}"
        if query:
            names = [(name.rsplit("/", 1)[1], content) for name, content in self.files.items()]
            return {"items": [{"attributes": {"name": name, "size": len(content)}} for name, content in names]}
        if method == "POST":
            name, content, _type = form["file"]
            if f"{whole}/{name}" in self.files:
                raise ApiError("file_exists", "it is there", status=400, error_code=110012)
            self.files[f"{whole}/{name}"] = content
            return None
        if whole not in self.files:
            raise ApiError("file_not_found", "it is not there", status=404, error_code=110018)
        if method == "DELETE":
            del self.files[whole]
            return None
        return {"attributes": {"size": len(self.files[whole])}}


@pytest.fixture
def hopsworks() -> Hopsworks:
    return Hopsworks()


@pytest.fixture
def converged(hopsworks: Hopsworks) -> Hopsworks:
    run(hopsworks)
    hopsworks.writes.clear()
    return hopsworks


@pytest.fixture
def old_store(converged: Hopsworks) -> Hopsworks:
    """A project whose connector names an older store of ours."""
    converged.connectors["kafka_connector"]["sslTruststoreLocation"] = OLD
    converged.files = {OLD: b"old store"}
    return converged


def run(
    server: Hopsworks, desired: DesiredConnector = DESIRED, check: bool = False, check_files: bool = False
) -> ProjectOutcome:
    return reconcile.reconcile(t.cast(t.Any, server), OWNER, desired, "Resources", check, check_files)


def summary(outcome: ProjectOutcome) -> tuple[str, bool, str | None]:
    return outcome.action, outcome.changed, outcome.failure.error["reason"] if outcome.failure else None


# --- all goes well ----------------------------------------------------------------------------------------------------


def test_create_then_nothing(hopsworks: Hopsworks) -> None:
    assert summary(run(hopsworks, check=True)) == ("created", True, None) and not hopsworks.writes
    assert summary(run(hopsworks)) == ("created", True, None)
    assert hopsworks.writes == ["POST file", "POST connector"]
    assert hopsworks.files == {STORE.path: b"new store"}
    assert summary(run(hopsworks)) == ("unchanged", False, None)


def test_replace_and_clean_up(old_store: Hopsworks) -> None:
    assert summary(run(old_store)) == ("updated", True, None)
    assert old_store.writes == ["POST file", "PUT connector", "DELETE file"]
    assert list(old_store.files) == [STORE.path]


def test_delete(converged: Hopsworks) -> None:
    assert summary(run(converged, dataclasses.replace(DESIRED, present=False))) == ("deleted", True, None)
    assert not converged.connectors


def test_a_role_that_may_not_write_is_refused_without_a_request(hopsworks: Hopsworks) -> None:
    hopsworks.failures = [("GET", "", AssertionError(), False)]
    outcome = reconcile.reconcile(
        t.cast(t.Any, hopsworks), Project(7, "fraud", "Data scientist"), DESIRED, "Resources", False, False
    )
    assert summary(outcome) == ("failed", False, "not_data_owner")


# --- answers that are lost --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [lost, internal])
def test_a_write_that_was_done_is_reported_and_not_repeated(
    hopsworks: Hopsworks, failure: t.Callable[[], RequestError]
) -> None:
    hopsworks.failures = [("POST", "storageconnectors", failure(), True)]
    outcome = run(hopsworks)
    assert summary(outcome) == ("created", True, None) and outcome.notes == ()
    assert outcome.changes[0]["what"] == "bootstrap.servers"
    assert hopsworks.writes.count("POST connector") == 1


def test_a_write_that_was_not_done_is_repeated_after_a_pause(hopsworks: Hopsworks) -> None:
    hopsworks.failures = [("POST", "storageconnectors", lost(), False)] * 2
    assert summary(run(hopsworks)) == ("created", True, None)
    assert hopsworks.paused == 2


def test_no_patience_is_left(hopsworks: Hopsworks) -> None:
    hopsworks.patience = False
    hopsworks.failures = [("POST", "storageconnectors", lost(), False)]
    outcome = run(hopsworks)
    # The answer is lost, and nobody looked again: it may have been written.
    assert summary(outcome) == ("failed", True, "timeout") and outcome.changes
    assert outcome.failure and outcome.failure.unreachable


def test_an_internal_error_without_a_write_fails(converged: Hopsworks) -> None:
    converged.connectors["kafka_connector"]["bootstrapServers"] = "other:1"
    converged.failures = [("PUT", "storageconnectors", internal(), False)]
    outcome = run(converged)
    assert summary(outcome) == ("failed", False, "server_error") and outcome.changes == ()
    assert converged.writes == []


def test_rounds_are_bounded(hopsworks: Hopsworks) -> None:
    hopsworks.failures = [("POST", "storageconnectors", lost(), False)] * 9
    assert summary(run(hopsworks)) == ("failed", True, "timeout")
    assert hopsworks.paused == 4
    assert hopsworks.since == [0.0] * 4, "the time of all rounds counts from the first failure"


# --- what others do meanwhile -----------------------------------------------------------------------------------------


def test_somebody_else_creates_it(converged: Hopsworks) -> None:
    converged.connectors["kafka_connector"]["bootstrapServers"] = "other:1"
    unseen = ApiError("connector_not_found", "it is not there", status=404, error_code=270042)
    converged.failures = [("GET", "storageconnectors/kafka_connector", unseen, False)]
    outcome = run(converged)
    assert summary(outcome) == ("updated", True, None)
    assert outcome.notes == ("somebody else created the connector during this run",)
    assert list(outcome.changes) == [{"what": "bootstrap.servers", "before": "other:1", "after": "kafka:9093"}]


def test_a_store_that_somebody_removed_is_uploaded_and_reported(converged: Hopsworks) -> None:
    """The connector is refused, so the files are listed: the report has what that added."""
    converged.connectors["kafka_connector"]["bootstrapServers"] = "other:1"
    converged.files.clear()
    refused = ApiError("refused", "no such file", status=400, error_code=270136)
    converged.failures = [("PUT", "storageconnectors", refused, False)]
    outcome = run(converged)
    assert summary(outcome) == ("updated", True, None)
    assert [change["what"] for change in outcome.changes] == ["bootstrap.servers", f"file {STORE.path}"]
    assert converged.files == {STORE.path: b"new store"}


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_file_that_is_there_already_is_kept(hopsworks: Hopsworks) -> None:
    hopsworks.files = {STORE.path: b"new store"}
    assert summary(run(hopsworks)) == ("created", True, None)
    assert hopsworks.writes == ["POST file", "POST connector"]


def test_a_file_that_was_cut_off_is_replaced(hopsworks: Hopsworks) -> None:
    hopsworks.files = {STORE.path: b"new"}
    assert summary(run(hopsworks)) == ("created", True, None)
    assert hopsworks.files == {STORE.path: b"new store"}
    assert hopsworks.writes == ["POST file", "DELETE file", "POST file", "POST connector"]


def test_a_file_that_another_connector_uses_is_left_alone(hopsworks: Hopsworks) -> None:
    hopsworks.files = {STORE.path: b"other"}
    hopsworks.connectors["theirs"] = {"name": "theirs", "sslTruststoreLocation": STORE.path}
    outcome = run(hopsworks)
    assert summary(outcome) == ("failed", False, "file_in_use")
    assert outcome.failure and "theirs" in outcome.failure.error["message"]
    assert hopsworks.files == {STORE.path: b"other"}


def test_a_file_that_comes_back_again_and_again(hopsworks: Hopsworks) -> None:
    exists = ApiError("file_exists", "it is there", status=400, error_code=110012)
    hopsworks.failures = [("POST", "upload", exists, False)] * 9
    assert summary(run(hopsworks))[0::2] == ("failed", "file_exists")


@pytest.mark.parametrize(
    "error",
    [
        internal(),
        ApiError("missing_scope", "no scope", status=403, error_code=320004, cluster_wide=True),
        ApiError("forbidden", "not allowed", status=403),
    ],
    ids=lambda error: error.reason,
)
def test_a_file_that_cannot_be_removed_fails_this_project_alone(old_store: Hopsworks, error: ApiError) -> None:
    old_store.failures = [("DELETE", "dataset", error, False)]
    outcome = run(old_store)
    assert summary(outcome)[1] is True
    assert outcome.failure is not None and outcome.failure.error["reason"] == error.reason
    assert not outcome.failure.cluster_wide
    assert {change["what"] for change in outcome.changes} == {"ssl.truststore.location", f"file {OLD}"}
    assert OLD in old_store.files


def test_a_file_is_removed_after_a_pause(old_store: Hopsworks) -> None:
    old_store.failures = [("DELETE", "dataset", lost(), False)] * 4
    assert summary(run(old_store)) == ("updated", True, None)
    assert old_store.paused == 4 and OLD not in old_store.files


def test_a_file_that_is_never_removed(old_store: Hopsworks) -> None:
    old_store.failures = [("DELETE", "dataset", lost(), False)] * 5
    assert summary(run(old_store)) == ("failed", True, "timeout")
    assert old_store.paused == 4 and OLD in old_store.files


def test_a_failure_that_holds_for_all_is_one(hopsworks: Hopsworks) -> None:
    hopsworks.failures = [("GET", "", ApiError("bad_api_key", "no", status=401, cluster_wide=True), False)]
    outcome = run(hopsworks)
    assert outcome.failure and outcome.failure.cluster_wide and not outcome.changed


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_the_server_may_quote_what_it_was_sent(hopsworks: Hopsworks) -> None:
    said = ApiError("refused", f"cannot open with {SECRET}\x1b[31m", f"Check {SECRET}", status=400)
    hopsworks.failures = [("POST", "storageconnectors", said, False)]
    outcome = run(hopsworks)
    text = str(outcome.to_result())
    assert "cannot open with ****" in text
    assert SECRET not in text and "\x1b" not in text


def test_a_defect_is_reported_by_its_line(hopsworks: Hopsworks, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_session: t.Any, _project: Project, _store: int, _name: str) -> t.NoReturn:
        raise KeyError(SECRET)

    monkeypatch.setattr(reconcile.connectors, "get", broken)
    outcome = run(hopsworks)
    assert summary(outcome) == ("failed", False, "defect")
    assert outcome.failure is not None
    assert "KeyError at _connectors/reconcile.py:" in outcome.failure.error["message"]
    assert "in broken" in outcome.failure.traceback
    assert SECRET not in str(outcome)


def test_a_defect_in_the_middle_of_the_writes_tells_what_may_be_written(hopsworks: Hopsworks) -> None:
    hopsworks.failures = [("POST", "storageconnectors", ZeroDivisionError(), False)]
    assert summary(run(hopsworks)) == ("failed", True, "defect")


def test_a_store_that_cannot_be_loaded_again(hopsworks: Hopsworks) -> None:
    def load() -> bytes:
        raise connector_planner.RefusedChange("x", "the file changed", "Run the task again")

    desired = dataclasses.replace(DESIRED, files=(StoreFile(STORE.path, 9, load),))
    assert summary(run(hopsworks, desired)) == ("failed", False, "x")


def test_an_action_that_is_not_known_is_never_taken_for_done(
    hopsworks: Hopsworks, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan("fraud", "updated", (Action("rename", "x"),))
    monkeypatch.setattr(reconcile, "plan_project", lambda desired, current: plan)
    assert summary(run(hopsworks)) == ("failed", False, "defect")
