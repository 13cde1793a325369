"""Fault injection: each kind as a client meets it, over TLS and without, and which requests a rule strikes."""

from __future__ import annotations

import email.utils
import http.client
import ssl
import time
import typing as t

import pytest

from tests.emulator.faults import Faults, Rule
from tests.emulator.fixtures import Answer, Emulator, emulator_in_thread
from tests.emulator.samples import kafka_connector, refusal

WRITE = {"method": "POST", "route": "*/storageconnectors"}
Fault: t.TypeAlias = "dict[str, t.Any] | int | str"


@pytest.fixture(params=[True, False], ids=["tls", "plain"], scope="module")
def shared(request: pytest.FixtureRequest) -> t.Iterator[Emulator]:
    with emulator_in_thread(projects=3, tls=request.param) as running:
        yield running


@pytest.fixture
def target(shared: Emulator) -> t.Iterator[Emulator]:
    yield shared
    shared.set_faults([])
    shared.api("DELETE", shared.store_path("project_1") + "/kafka_connector")


def _create(emulator: Emulator, fault: Fault, timeout: float = 10.0, **match: t.Any) -> Answer:
    path = emulator.store_path("project_1")
    emulator.set_faults([{"match": {**WRITE, **match}, "fault": fault}])
    return emulator.api("POST", path, kafka_connector(), timeout=timeout)


def _written(emulator: Emulator) -> bool:
    return emulator.connector("project_1") is not None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 407, 409, 429, 500, 502, 503, 504])
def test_a_status_comes_before_the_write(target: Emulator, status: int) -> None:
    answer = _create(target, {"status": status, "headers": {"Retry-After": "2", "X-Seen": "yes"}})
    assert answer.status == status
    assert (answer.headers["retry-after"], answer.headers["x-seen"]) == ("2", "yes")
    assert not _written(target)


@pytest.mark.parametrize(
    ("status", "code"), [(401, 320013), (403, 160000), (404, 150004), (409, 150001), (500, 120000)]
)
def test_statuses_of_the_server_carry_its_json(target: Emulator, status: int, code: int) -> None:
    assert refusal(_create(target, status))[:2] == (status, code)


@pytest.mark.parametrize("status", [407, 429, 502, 503, 504])
def test_statuses_of_a_proxy_carry_html(target: Emulator, status: int) -> None:
    answer = _create(target, status)
    assert answer.headers["content-type"] == "text/html"
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()


def test_a_status_with_a_body_of_its_own(target: Emulator) -> None:
    body = {"errorCode": 270030, "errorMsg": "Illegal storage connector name"}
    assert refusal(_create(target, {"status": 400, "body": body}))[1] == 270030


def test_a_status_after_the_write(target: Emulator) -> None:
    assert _create(target, {"status": 504, "commit": True}).status == 504
    assert _written(target)


def test_a_date_in_retry_after(target: Emulator) -> None:
    answer = _create(target, {"status": 429, "headers": {"Retry-After": "+30s"}})
    ahead = email.utils.parsedate_to_datetime(answer.headers["retry-after"]).timestamp() - time.time()
    assert 25 < ahead < 35


def test_html_instead_of_json(target: Emulator) -> None:
    answer = _create(target, "html")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html")
    assert not _written(target)


def test_json_that_is_cut_short(target: Emulator) -> None:
    answer = _create(target, "truncated_json")
    assert answer.status == 201
    assert int(answer.headers["content-length"]) == len(answer.body)
    with pytest.raises(ValueError, match=r"line 1 column"):
        answer.json()
    assert _written(target)


def test_a_length_that_is_wrong(target: Emulator) -> None:
    with pytest.raises(http.client.IncompleteRead) as caught:
        _create(target, {"kind": "wrong_length", "delta": 5})
    assert caught.value.expected == 5
    assert _written(target)


@pytest.mark.parametrize("kind", ["slow_first_byte", "slow_body"])
def test_a_slow_answer_is_whole_in_the_end(target: Emulator, kind: str) -> None:
    started = time.monotonic()
    answer = _create(target, {"kind": kind, "seconds": 0.4})
    assert 0.35 < time.monotonic() - started < 5
    assert answer.json()["name"] == "kafka_connector"


@pytest.mark.parametrize("kind", ["slow_first_byte", "slow_body"])
def test_a_slow_answer_runs_into_the_clients_limit(target: Emulator, kind: str) -> None:
    with pytest.raises(TimeoutError):
        _create(target, {"kind": kind, "seconds": 3}, timeout=0.2)


@pytest.mark.parametrize(("kind", "written"), [("reset_before_commit", False), ("reset_after_commit", True)])
def test_a_reset_before_and_after_the_write(target: Emulator, kind: str, written: bool) -> None:
    with pytest.raises(ConnectionResetError):
        _create(target, kind)
    assert _written(target) is written


def test_a_stream_that_is_cut(target: Emulator) -> None:
    # Over TLS OpenSSL tells of the missing farewell, without TLS only the length does.
    with pytest.raises((ssl.SSLEOFError, http.client.IncompleteRead)):
        _create(target, "close_mid_stream")
    assert _written(target)


def test_the_log_tells_of_faults(target: Emulator) -> None:
    target.reset_requests()
    _create(target, 503)
    (entry,) = [entry for entry in target.log() if entry["method"] == "POST"]
    assert (entry["status"], entry["fault"]) == (503, "status")
    assert target.faults()[0]["hits"] == 1


# -------------------------------------------------------------------- which requests

TEMPLATE = "/project/{pid}/featurestores/{fsid}/storageconnectors/{name}"


def _struck(match: dict[str, t.Any], requests: t.Sequence[tuple[str, str, str]]) -> list[bool]:
    rule = Rule({"match": match, "fault": 503})
    return [rule.strikes(method, route, f"{route}#{project}", project) for method, route, project in requests]


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({}, [True, True, True, True]),
        ({"method": "PUT"}, [False, True, False, True]),
        ({"method": ["GET", "HEAD"]}, [True, False, True, False]),
        ({"route": "/project"}, [True, False, False, False]),
        ({"route": "*/storageconnectors/{name}"}, [False, True, True, True]),
        ({"project": "project_1?"}, [False, True, True, False]),
        ({"project": ["project_11", "project_2"]}, [False, True, False, True]),
        ({"nth": 2}, [False, True, False, False]),
        ({"nth": [1, 4]}, [True, False, False, True]),
        ({"from": 3}, [False, False, True, True]),
        ({"times": 2}, [True, True, False, False]),
        ({"method": "PUT", "nth": 2}, [False, False, False, True]),
    ],
)
def test_which_requests_a_rule_strikes(match: dict[str, t.Any], expected: list[bool]) -> None:
    requests = [
        ("GET", "/project", ""),
        ("PUT", TEMPLATE, "project_11"),
        ("GET", TEMPLATE, "project_12"),
        ("PUT", TEMPLATE, "project_2"),
    ]
    assert _struck(match, requests) == expected


def test_a_share_is_about_right_and_the_same_in_any_order() -> None:
    requests = [("GET", TEMPLATE, f"project_{number}") for number in range(2000)]
    forth = _struck({"share": 0.1}, requests)
    back = _struck({"share": 0.1}, requests[::-1])
    assert forth == back[::-1]
    assert 140 < sum(forth) < 260
    assert _struck({"share": 0.1, "seed": 1}, requests) != forth
    assert sum(_struck({"share": 1}, requests)) == 2000


def test_the_same_request_draws_anew_each_time() -> None:
    assert len(set(_struck({"share": 0.5}, [("GET", TEMPLATE, "project_1")] * 20))) == 2


def test_the_first_rule_that_strikes_is_taken() -> None:
    faults = Faults([{"match": {"nth": 2}, "fault": 500}, {"fault": 503}])
    picked = [faults.pick("GET", "/project", "/project", "") for _request in range(3)]
    assert [fault.status for fault in picked if fault is not None] == [503, 500, 503]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"fault": "no_such_kind"}, "unknown kind"),
        ({"match": {"methods": "GET"}, "fault": 503}, "unknown keys in match: methods"),
        ({"match": {}}, "needs a fault"),
        ({"fault": {"kind": "status"}}, "needs a status"),
    ],
)
def test_rules_that_make_no_sense(emulator: Emulator, rule: dict[str, t.Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        emulator.set_faults([rule])
