"""The closing summary, from registered results to lines."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._report import layout
from ansible_collections.hopsworks.kafka.plugins.module_utils._report.run import (
    Run,
    findings,
    hosts_to_change,
    hosts_to_verify,
    is_converged,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._report.summary import summarize

SITE = ("preflight", "settings", "onlinefs", "projects", "verify")

PROVED = {
    "changes": [], "actions": [], "generation": 3, "proved": True, "not_proved": [], "cluster_id": "abc",
    "members": [
        {"member_id": "m1", "partitions": [{"partition": 0}, {"partition": 1}], "lag": 4},
        {"member_id": "m2", "partitions": [{"partition": 0}], "lag": None},
    ],
    "health": {"service": "active", "group": {"joined": True}},
}  # fmt: skip
DOUBTED = {**PROVED, "proved": False, "members": [], "not_proved": ["Kafka did not answer"]}
CHANGED = {**PROVED, "changes": [{"what": "x.properties: linger.ms"}], "actions": ["write x.properties"]}
FAILED = {"msg": "service onlinefs: it does not run. Look at its log.\n\nIts log:\n line", "rolled_back": True}
UNREACHABLE = {"unreachable": True, "msg": "Failed to connect to the host via ssh: no route"}


REACH = {
    "left_behind_message": "This rollout does not reach a and b.",
    "projects": [],
    "left_behind": [
        {"project": "a", "reason": "not_owned", "message": "you are not its Data owner"},
        {"project": "b", "reason": "not_done", "message": "Hopsworks has not created it completely"},
    ],
}
EXTERNAL = {"external": True}
NO_RESULT = "no task of this run returned a result for it"
SLICE = "Only the projects of slice 1 of 2, counted from 0, were checked."


def project(name: str, **given: t.Any) -> dict[str, t.Any]:
    return {"project": name, "action": "unchanged", "changed": False, "changes": [], "error": None, **given}


def problem(message: str, *projects: str) -> dict[str, t.Any]:
    return {"reason": "r", "message": message, "remedy": "", "projects": list(projects)}


def error(message: str, remedy: str = "") -> dict[str, t.Any]:
    return {"reason": "server_error", "message": message, "remedy": remedy}


def site(**given: t.Any) -> Run:
    return dataclasses.replace(Run("hopsworks.kafka.site", SITE, SITE), **given)


@pytest.mark.parametrize(
    ("steps", "keep", "kept"),
    [
        ({"projects": {"results": [project("a"), project("b", action="skipped", reason="kept")]}}, True, "b"),
        ({"projects": {"results": [project("b", action="skipped", reason="not_done")]}}, True, ""),
        ({"verify": {"results": [{"project": "b", "effective": EXTERNAL, "differs": [{"what": "x"}]}]}}, True, "b"),
        ({"verify": {"results": [{"project": "b", "effective": EXTERNAL, "differs": []}]}}, True, ""),
    ],
)
def test_connectors_that_were_kept_are_named(steps: dict[str, t.Any], keep: bool, kept: str) -> None:
    summary = summarize(site(steps=steps, keep=keep))
    assert not summary.causes
    assert [text.rpartition(": ")[2] for text in summary.left_out] == ([f"{kept}."] if kept else [])


def test_a_green_run() -> None:
    run = site(
        bootstrap="kafka:9092",
        steps={
            "reach": {"projects": [], "left_behind": [], "release": "3.8.1"},
            "probe": {
                "ok": True,
                "certificates": [{"subject": "CN=broker", "expires": "2027-01-01", "days_left": 200}],
            },
            "projects": {"results": [project("a"), project("b", action="updated", changed=True)]},
            "verify": {"results": [{"project": "a", "effective": {"external": True}}]},
        },
        hosts={"h1": {"preflight": PROVED}, "h2": {"preflight": CHANGED, "onlinefs": CHANGED}},
    )
    summary = summarize(run)
    assert summary.to_result()["ok"] is True
    assert layout.lines(summary) == [
        "hopsworks.kafka.site: done, and nothing is wrong.",
        "  Kafka         cluster abc, kafka:9092",
        "  Hopsworks     3.8.1",
        "  Projects      2 projects: 1 updated, 1 unchanged",
        "  Hosts         h1: unchanged, generation 3, 2 members with 3 partitions, lag 4",
        "                h2: changed, generation 3, 2 members with 3 partitions, lag 4",
        "  Certificates  200 days left: CN=broker (broker), until 2027-01-01",
    ]


@pytest.mark.parametrize(
    ("steps", "causes"),
    [
        ({}, []),
        ({"probe": {"msg": "properties: unknown key"}}, ["Kafka: properties: unknown key"]),
        (
            {"probe": {"ok": False, "stages": [{"stage": "tls", "target": "k:1", "ok": False, "reason": "silent"}]}},
            ["Kafka: stage tls failed at k:1: silent"],
        ),
        (
            {
                "logins": {
                    "ok": False,
                    "results": [
                        {"name": "a", "ok": True, "stages": []},
                        {"name": "b", "ok": False, "stages": [{"stage": "sasl", "ok": False, "reason": "refused"}]},
                    ],
                }
            },
            ["project b: stage sasl failed: refused"],
        ),
        ({"probe": {"skipped": True}}, []),
        (
            {"preflight": {"msg": "the API key is wrong", "error": error("the API key is wrong")}},
            ["Hopsworks: the API key is wrong"],
        ),
        (
            {"projects": {"results": [project("a"), project("b", action="failed", error=error("HTTP 500"))]}},
            ["project b: HTTP 500"],
        ),
        # The same project with the same cause in two parts is one finding.
        (
            {
                "projects": {"results": [project("b", action="failed", error=error("HTTP 500"))]},
                "preflight": {"results": [project("b", action="failed", error=error("HTTP 500"))]},
            },
            ["project b: HTTP 500"],
        ),
        ({"settings": {"msg": "no ADMIN scope"}}, ["Hopsworks: no ADMIN scope"]),
        ({"switch": {"changes": []}}, []),
        (
            {"verify": {"results": [{"project": "a", "exists": True, "effective": {"external": False}}]}},
            ["project a: its clients still use the Kafka that Hopsworks manages"],
        ),
        (
            {
                "verify": {
                    "results": [
                        {"project": "a", "exists": True, "effective": EXTERNAL, "missing_files": ["/Projects/a/x.jks"]}
                    ]
                }
            },
            ["project a: stores of its connector do not exist: /Projects/a/x.jks"],
        ),
        (
            {
                "reach": {
                    "projects": [],
                    "left_behind": [],
                    "problems": [problem("no scope X", "a", "b"), problem("too old")],
                }
            },
            ["2 projects (a, b): no scope X", "Hopsworks: too old"],
        ),
        ({"reach": {**REACH, "left_behind_blocking": ["a"]}}, ["project a: left behind: you are not its Data owner"]),
        ({"reach": {**REACH, "left_behind_blocking": []}}, []),
        (
            {"reach": {"projects": [], "left_behind": None, "left_behind_error": "the key lacks ADMIN"}},
            ["Hopsworks: the key lacks ADMIN"],
        ),
    ],
)
def test_each_step_tells_its_findings(steps: dict[str, t.Any], causes: list[str]) -> None:
    summary = summarize(site(steps=steps))
    assert [f"{cause.who()}: {cause.cause}" for cause in summary.causes] == causes
    assert summary.to_result()["ok"] is not bool(causes)


def test_projects_that_are_left_behind_may_be_allowed_and_are_still_named() -> None:
    steps = {"reach": {**REACH, "left_behind_blocking": ["a"]}}
    assert [finding.subject for finding in findings(site(steps=steps))] == ["a"]
    for accepted in (
        site(steps=steps, left_behind_allowed=True),
        Run("hopsworks.kafka.verify", ["verify"], ["verify"], steps={"left_behind": steps["reach"]}),
    ):
        summary = summarize(accepted)
        assert not summary.causes
        assert "  Left behind   This rollout does not reach a and b." in layout.lines(summary)


def test_a_kept_connector_that_differs_is_no_finding() -> None:
    steps = {"verify": {"results": [{"project": "a", "effective": {"external": True}, "differs": [{"what": "x"}]}]}}
    assert findings(site(steps=steps))
    assert not findings(site(steps=steps, keep=True))


@pytest.mark.parametrize(
    ("phases", "state", "cause"),
    [
        ({}, "not reached", f"not reached: {NO_RESULT}"),
        ({"preflight": PROVED}, "unchanged", None),
        ({"preflight": CHANGED}, "not changed", f"not verified: {NO_RESULT}"),
        ({"preflight": CHANGED, "onlinefs": CHANGED}, "changed", None),
        ({"preflight": CHANGED, "onlinefs": CHANGED, "verify": PROVED}, "changed", None),
        ({"preflight": FAILED}, "failed", "service onlinefs: it does not run. Look at its log"),
        ({"onlinefs": FAILED}, "rolled back", "service onlinefs: it does not run. Look at its log"),
        ({"preflight": UNREACHABLE}, "unreachable", "unreachable: Failed to connect to the host via ssh: no route"),
        ({"verify": UNREACHABLE}, "unreachable", "unreachable: Failed to connect to the host via ssh: no route"),
        ({"verify": CHANGED}, "differs", "not configured as declared: x.properties: linger.ms"),
        (
            {"verify": DOUBTED},
            "unchanged",
            "no proof that OnlineFS reads from the declared Kafka: Kafka did not answer",
        ),
        ({"onlinefs": {"msg": "a wrong option"}}, "failed", "a wrong option"),
    ],
)
def test_the_state_of_a_host_and_its_finding(phases: dict[str, t.Any], state: str, cause: str | None) -> None:
    summary = summarize(site(hosts={"h1": phases}))
    assert [host.state for host in summary.hosts] == [state]
    assert [found.cause for found in summary.causes] == ([] if cause is None else [cause])


def test_what_need_not_be_proved_is_named_and_no_finding() -> None:
    run = site(hosts={"h1": {"verify": DOUBTED}, "h2": {"verify": DOUBTED}}, unproved={"h1", "h2"})
    summary = summarize(run)
    assert not summary.causes
    assert "  Not proved    2 hosts (h1, h2): Kafka did not answer" in layout.lines(summary)
    assert [found.subject for found in findings(dataclasses.replace(run, unproved={"h1"}))] == ["h2"]


def test_a_host_that_could_not_be_reached_is_never_allowed() -> None:
    assert (
        summarize(site(hosts={"h1": {"verify": UNREACHABLE}}, unproved={"h1"})).causes
        == summarize(site(hosts={"h1": {"verify": UNREACHABLE}})).causes
        != []
    )


@pytest.mark.parametrize(
    ("phases", "unproved", "change", "verify"),
    [
        ({}, (), True, True),
        ({"preflight": PROVED}, (), False, False),
        ({"preflight": DOUBTED}, (), True, True),
        ({"preflight": {**PROVED, "interrupted": True}}, (), True, True),
        ({"preflight": DOUBTED}, ("h1",), False, False),
        ({"preflight": {**DOUBTED, "health": None}}, ("h1",), True, True),
        ({"preflight": CHANGED}, ("h1",), True, True),
        ({"preflight": FAILED}, ("h1",), True, True),
        ({"preflight": CHANGED, "onlinefs": CHANGED}, (), True, False),
        ({"preflight": CHANGED, "onlinefs": {**CHANGED, "proved": False}}, (), True, True),
        ({"preflight": CHANGED, "onlinefs": FAILED}, (), True, True),
    ],
)
def test_a_host_that_was_seen_working_is_not_looked_at_again(
    phases: dict[str, t.Any], unproved: tuple[str, ...], change: bool, verify: bool
) -> None:
    run = site(hosts={"h1": phases}, unproved=unproved)
    assert (hosts_to_change(run), hosts_to_verify(run)) == (["h1"] * change, ["h1"] * verify)


def test_all_hosts_keep_the_name_of_a_rollout_that_changes_one() -> None:
    assert hosts_to_change(site(hosts={"h1": {}}, limited=["h1"])) == ["h1"], "no host was seen, so none is settled"
    hosts = {"h1": {"preflight": PROVED}, "h2": {"preflight": CHANGED}}
    assert hosts_to_change(site(hosts=hosts)) == ["h1", "h2"]
    settled = site(hosts={"h1": {"preflight": PROVED}})
    assert hosts_to_change(settled) == []
    assert hosts_to_change(dataclasses.replace(settled, rollout_named=True)) == ["h1"]


@pytest.mark.parametrize(
    ("given", "converged"),
    [
        ({}, True),
        ({"hosts": {}}, True),
        ({"hosts": {"h1": {"preflight": CHANGED}}}, False),
        ({"hosts": {"h1": {"preflight": DOUBTED}}}, False),
        ({"hosts": {"h1": {"preflight": PROVED}, "h2": {}}}, False),
        ({"rollout_named": True}, False),
        ({"steps": {"reach": REACH}}, False),
        ({"steps": {"clients": {"settled": True}}}, False),
        ({"steps": {"reach": REACH, "clients": {"settled": False}}}, False),
        ({"steps": {"reach": REACH, "clients": {"settled": "True"}}}, False),
        ({"steps": {"reach": REACH, "clients": {"settled": True, "skipped": True}}}, False),
    ],
)
def test_nothing_is_left_to_do_only_if_all_of_it_was_seen(given: dict[str, t.Any], converged: bool) -> None:
    seen = {
        "hosts": {"h1": {"preflight": PROVED}},
        "steps": {"reach": REACH, "clients": {"settled": True, "results": []}},
    }
    assert is_converged(site(**{**seen, **given})) is converged


def test_a_run_that_stops_in_the_middle_says_what_is_done_and_what_is_not() -> None:
    hosts = {
        "h1": {"preflight": CHANGED, "onlinefs": CHANGED},
        "h2": {"preflight": CHANGED, "onlinefs": FAILED},
        "h10": {"preflight": CHANGED},
    }
    shown = layout.lines(summarize(site(hosts=hosts, stopped="onlinefs", done=("preflight", "settings", "onlinefs"))))
    assert shown[0] == "hopsworks.kafka.site: 1 thing is wrong. The run stopped at onlinefs."
    assert shown[1] == "  host h2: service onlinefs: it does not run. Look at its log"
    assert any(" h10: not changed, generation 3" in line for line in shown)
    assert "  Left out      Not run, because the run stopped at onlinefs: projects, verify." in shown
    assert shown[-1].startswith("  Next          Fix what is wrong, then run hopsworks.kafka.site again")


@pytest.mark.parametrize(
    ("result", "cause", "remedy"),
    [
        (
            {"reasons": ["no member in the group. Check the login."]},
            "no member in the group. Check the login",
            "The host has its configuration from before, so nothing has to be undone. Its error above ends with the "
            "service's log: fix the cause, then run hopsworks.kafka.site again",
        ),
        (
            {"reasons": ["no member in the group", "it does not start"]},
            "no member in the group",
            "The host has its configuration from before, but OnlineFS does not work with that either: repair this host "
            "first (it does not start). Then run hopsworks.kafka.site again",
        ),
        # A result that does not say why: the message tells it.
        ({}, "service onlinefs: it does not run. Look at its log", "The host has its configuration from before, so"),
    ],
)
def test_a_host_that_was_rolled_back_has_a_remedy(result: dict[str, t.Any], cause: str, remedy: str) -> None:
    [found] = summarize(site(hosts={"h1": {"onlinefs": {**FAILED, **result}}})).causes
    assert (found.cause, found.remedy[: len(remedy)]) == (cause, remedy)
    [other] = summarize(site(hosts={"h1": {"onlinefs": {"msg": "a wrong option"}}})).causes
    assert other.remedy == ""


def test_a_run_that_preflight_stops_says_that_nothing_was_changed() -> None:
    """Or what the rollout to the hosts checks before the first one changes."""
    nothing = "hopsworks.kafka.site: 1 thing is wrong, so nothing was changed."
    run = site(hosts={"h1": {"preflight": FAILED}}, stopped="preflight", done=("preflight",))
    assert layout.headline(summarize(run)) == nothing
    alone = dataclasses.replace(run, parts=["onlinefs"], done=(), stopped="onlinefs")
    assert layout.headline(summarize(alone)) == nothing
    for begun in ({"done": ("onlinefs",)}, {"moves": {"h1": {"stop": {"service": "inactive"}}}}):
        assert "The run stopped at onlinefs." in layout.headline(summarize(dataclasses.replace(alone, **begun)))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"done": ("preflight", "onlinefs")},
            ["Not run, because of --tags, --skip-tags or --limit: settings, projects, verify."],
        ),
        ({"limited": ["h2"], "hosts": {"h1": {"verify": PROVED}, "h2": {}}}, ["Not reached, because of --limit: h2."]),
        (
            {"onlinefs": "none", "hosts": {}},
            [
                "OnlineFS was not checked, because hopsworks_kafka_onlinefs is none. "
                "Whether it reads from the declared Kafka is not known."
            ],
        ),
        (
            {"slice": (1, 2), "cluster_wide": False},
            [f"{SLICE} The cluster setting and the hosts of OnlineFS belong to slice 0."],
        ),
        ({"slice": (1, 2)}, [SLICE]),
        ({}, []),
    ],
)
def test_what_was_left_out_is_named(given: dict[str, t.Any], told: list[str]) -> None:
    assert summarize(site(**given)).left_out == told


@pytest.mark.parametrize(
    ("days", "shown"),
    [(-3, "EXPIRED 3 days ago"), (29, "WARNING: 29 days left"), (30, "30 days left")],
)
def test_certificates_that_expire_soon_come_first_and_warn(days: int, shown: str) -> None:
    own = {"store": "keystore", "subject": "CN=us", "expires": "soon", "days_left": days}
    other = {"store": "truststore", "subject": "CN=ca", "expires": "late", "days_left": 900}
    hosts = {name: {"verify": {**PROVED, "certificates": [other, own]}} for name in ("h1", "h2")}
    summary = summarize(site(hosts=hosts))
    assert [certificate.days_left for certificate in summary.certificates] == [days, 900]
    assert f"  Certificates  {shown}: CN=us (keystore), until soon" in layout.lines(summary)


def test_a_certificate_that_several_have_seen_is_shown_once_with_all_who_have_it() -> None:
    def of(store: str, subject: str = "CN=kafka") -> dict[str, t.Any]:
        return {"store": store, "subject": subject, "expires": "soon", "days_left": 90}

    probe = {"ok": True, "cluster_id": "abc", "certificates": [of("k1:9093"), of("keystore", "CN=us")]}
    logins = {"ok": True, "results": [{"name": "a", "ok": True}], "certificates": [of("keystore of a", "CN=a")]}
    host = {**PROVED, "certificates": [of("keystore", "CN=us"), *(of(f"k{number}:9093") for number in range(1, 6))]}
    summary = summarize(site(steps={"probe": probe, "logins": logins}, hosts={"h1": {"verify": host}}))
    assert [(shown.subject, shown.where) for shown in summary.certificates] == [
        ("CN=a", "keystore of a"),
        ("CN=kafka", "k1:9093, k2:9093, k3:9093 and 2 more"),
        ("CN=us", "keystore"),
    ]
    assert summarize(site(steps={"logins": {**logins, "cluster_id": "abc"}})).cluster_id == "abc"


def test_a_replaced_certificate_is_not_shown() -> None:
    old, new = ({"store": "keystore", "subject": name, "expires": name, "days_left": 99} for name in ("old", "new"))
    phases = {"preflight": {**CHANGED, "certificates": [old]}, "onlinefs": {**CHANGED, "certificates": [new]}}
    assert [shown.subject for shown in summarize(site(hosts={"h1": phases})).certificates] == ["new"]


def test_the_worst_run_has_at_most_forty_lines() -> None:
    kinds = [{}, {"verify": UNREACHABLE}, {"verify": DOUBTED}, {"onlinefs": FAILED}]
    left = [{"project": f"q{n}", "reason": f"reason_{n % 5}", "message": f"m{n}"} for n in range(900)]
    failed = [
        project(f"p{n}", action="failed", error=error(f"cause {n} " + "word " * 60, "do " * 60)) for n in range(300)
    ]
    behind = {"left_behind": left, "left_behind_blocking": [entry["project"] for entry in left]}
    certificates = [{"subject": f"CN={n}", "expires": "x", "days_left": n} for n in range(50)]
    run = site(
        steps={
            "projects": {"results": failed},
            "probe": {"ok": True, "certificates": certificates},
            "reach": {"projects": [], "release": "3.8", **behind},
        },
        hosts={f"h{n}": kinds[n % 4] for n in range(50)},
        limited=[f"h{n}" for n in range(50)], slice=(0, 3), stopped="onlinefs", bootstrap="kafka:9092," * 50,
    )  # fmt: skip
    shown = layout.lines(summarize(run))
    assert 20 < len(shown) <= layout.MAX_LINES
    assert max(map(len, shown)) < 200
    assert sum("more causes" in line for line in shown) == 1
    # Programs get all of it.
    assert len(summarize(run).to_result()["findings"]) > 300


def test_a_failure_of_a_task_is_told_once() -> None:
    errors = [{"part": "preflight", "task": "Connect", "msg": "'x' is undefined"}]
    assert [found.cause for found in findings(site(errors=errors))] == ["Connect: 'x' is undefined"]
    told = site(errors=errors, steps={"probe": {"msg": "'x' is undefined"}})
    assert [found.cause for found in findings(told)] == ["'x' is undefined"]
    assert findings(site(errors=errors), ("verify",)) == []


def test_what_others_chose_reaches_no_terminal_as_a_command() -> None:
    """Names of clusters, projects, releases and certificates come from servers and hosts."""
    odd = "a\x1b[2J\x9b2J\u202e" + "x" * 5000

    def changed(value: t.Any) -> t.Any:
        if isinstance(value, dict):
            return {key: changed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [changed(item) for item in value]
        return odd if isinstance(value, str) else value

    certificates = [{"subject": "CN", "expires": "x", "days_left": 1, "store": "s"}]
    doubted = {**DOUBTED, "certificates": certificates}
    run = site(
        steps=changed(
            {
                "reach": {**REACH, "release": "5", "problems": [problem("m", "p")]},
                "probe": {"ok": False, "stages": [{"ok": False, "stage": "s", "target": "t", "reason": "r"}]},
                "projects": {"results": [project("a", error=error("e", "r"))]},
            }
        ),
        hosts=changed({"h1": {"onlinefs": doubted}, "h2": {"onlinefs": {"msg": "m"}}}),
    )
    lines = layout.lines(summarize(run))
    assert any("\\x1b[2J" in line for line in lines)
    assert all(line.isprintable() for line in lines) and max(map(len, lines)) < 12_000


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ({"done": ()}, "nothing was done, because no part of the playbook ran"),
        ({"done": SITE[:4], "selected": SITE}, "verify was selected, but did not run"),
        ({"done": SITE[:4], "selected": SITE[:4]}, None),
        ({"done": SITE[:1], "stopped": "onlinefs"}, "it stopped at onlinefs without a message"),
        ({"errors": [{"part": "verify", "task": "Read", "msg": ""}]}, "Read: it returned no message"),
        # A host that an earlier play lost has no result of the parts that follow.
        ({"done": ["onlinefs"], "hosts": {"h1": {}}}, f"not reached: {NO_RESULT}"),
        ({"done": ["onlinefs"], "hosts": {"h1": {}}, "limited": ["h1"]}, None),
        ({"done": ["projects"], "hosts": {"h1": {}}}, None),
        ({"done": ["verify"], "hosts": {"h1": {}}, "check_mode": True}, None),
        (
            {"done": ["preflight", "onlinefs"], "hosts": {"h1": {"preflight": CHANGED}}},
            f"not configured: {NO_RESULT}",
        ),
        ({"done": ["preflight", "onlinefs"], "hosts": {"h1": {"preflight": PROVED}}}, None),
    ],
)
def test_what_was_not_seen_is_never_green(given: dict[str, t.Any], cause: str | None) -> None:
    summary = summarize(site(**given))
    assert [found.cause for found in summary.causes] == ([] if cause is None else [cause])
    assert summary.to_result()["ok"] is (cause is None)


@pytest.mark.parametrize(
    ("name", "result", "cause"),
    [
        ("logins", {"ok": True, "results": []}, "no project's login was checked"),
        ("logins", {"ok": False, "msg": "no answer", "results": [{"name": "a", "ok": True}]}, "no answer"),
        ("probe", {"ok": None, "msg": "no answer"}, "no answer"),
        ("verify", {"results": [{"project": "a"}]}, "not known which Kafka its clients use"),
        ("projects", {"results": [project("a", action="failed")]}, "it failed without a message"),
        ("projects", {"module_stderr": "Killed", "msg": ""}, "Killed"),
    ],
)
def test_a_result_that_does_not_say_that_it_is_good_is_a_finding(
    name: str, result: dict[str, t.Any], cause: str
) -> None:
    assert [found.cause for found in findings(site(steps={name: result}))] == [cause]


def test_a_run_that_left_something_out_is_not_called_done() -> None:
    for run in (site(done=SITE[:1]), site(limited=["h1"]), site(onlinefs="none"), site(slice=(0, 2))):
        assert layout.headline(summarize(run)).startswith("hopsworks.kafka.site: not complete (see Left out)")


def test_a_run_without_proof_is_not_called_right() -> None:
    run = site(hosts={"h1": {"verify": DOUBTED}}, unproved={"h1"})
    assert layout.headline(summarize(run)).endswith("but not everything is proved (see Not proved).")
    assert layout.lines(summarize(run))[-1].startswith("  Next          Look in Kafka whether these hosts are members")


def test_a_rollout_that_no_host_keeps_is_not_offered() -> None:
    def shown(**given: t.Any) -> bool:
        run = site(rollout="spring", **{"hosts": {"h1": {"onlinefs": CHANGED}}, **given})
        return any(
            "hopsworks.kafka.revert -e onlinefs_generation=spring" in line for line in layout.lines(summarize(run))
        )

    assert shown()
    assert not shown(check_mode=True)
    assert not shown(hosts={"h1": {"onlinefs": FAILED}})


def test_in_check_mode_no_host_is_called_changed() -> None:
    summary = summarize(site(check_mode=True, hosts={"h1": {"preflight": CHANGED, "onlinefs": CHANGED}}))
    assert [host.state for host in summary.hosts] == ["would change"]


def test_a_run_without_projects_says_so() -> None:
    lines = layout.lines(summarize(site(steps={"projects": {"results": []}})))
    assert "  Projects      none: no project was checked" in lines


def test_a_revert_names_the_hosts_that_were_not_seen_reading_again() -> None:
    run = Run(
        "hopsworks.kafka.revert", ["revert"], ["revert"], hosts={"h1": {"revert": DOUBTED}, "h2": {"revert": PROVED}}
    )
    assert "  Not proved    host h1: Kafka did not answer" in layout.lines(summarize(run))
    assert not summarize(dataclasses.replace(run, check_mode=True)).not_proved
    # The declared servers are not those of the Kafka that the hosts use now.
    shown = layout.lines(summarize(dataclasses.replace(run, bootstrap="kafka:9092")))
    assert "  Kafka         cluster abc" in shown and "kafka:9092" not in "".join(shown)


NOBODY = {"projects": [], "left_behind": [], "problems": [{**problem("nobody"), "reason": "no_projects"}]}
PASSED_OVER = project("a", action="skipped", reason="not_done")
NONE_REACHED = "none was reached, so no client uses the declared Kafka"


@pytest.mark.parametrize(
    ("steps", "given", "causes"),
    [
        ({"projects": {"results": []}}, {}, [NONE_REACHED]),
        ({"projects": {"results": []}}, {"left_behind_allowed": True}, [NONE_REACHED]),
        (
            {"preflight": {"results": [PASSED_OVER]}},
            {},
            [f"{NONE_REACHED} (not complete, or without a feature store yet: a)"],
        ),
        ({"verify": {"results": [{"project": "a", "skipped": "no_feature_store"}]}}, {}, [NONE_REACHED]),
        # A slice may have none, one that is kept is reached, and a run for the hosts alone needs none.
        ({"projects": {"results": []}}, {"slice": (1, 2)}, []),
        ({"projects": {"results": [project("a", action="skipped", reason="kept")]}}, {}, []),
        ({"projects": {"results": [PASSED_OVER, project("b")]}}, {}, []),
        ({"preflight": {"results": []}}, {"selected": ["preflight", "onlinefs"]}, []),
        (
            {"reach": NOBODY},
            {},
            ["nobody"],
        ),
        (
            {"reach": NOBODY},
            {"selected": ["onlinefs"]},
            [],
        ),
    ],
)
def test_a_run_that_reaches_no_project_is_a_mistake(
    steps: dict[str, t.Any], given: dict[str, t.Any], causes: list[str]
) -> None:
    found = summarize(site(steps=steps, **{"selected": SITE, **given})).causes
    assert [cause.cause[: len(causes[0])] for cause in found] == causes if causes else not found


HOSTS_ALONE = Run(
    "hopsworks.kafka.onlinefs", ["onlinefs"], ["onlinefs"], ["onlinefs"], hosts={"h1": {}}, limited=["h1"]
)
OLD = {**problem("3.3 is too old"), "reason": "release_too_old"}


@pytest.mark.parametrize("allowed", [False, True])
def test_before_hosts_alone_are_switched_those_left_behind_and_the_release_count(allowed: bool) -> None:
    problems = [OLD, {**problem("not Data owner", "a"), "reason": "not_data_owner"}]
    reach = {**REACH, "left_behind_blocking": ["a"], "problems": problems}
    run = dataclasses.replace(HOSTS_ALONE, steps={"reach": reach}, left_behind_allowed=allowed)
    left = [] if allowed else ["left behind: you are not its Data owner"]
    assert [found.cause for found in findings(run, ["preflight"])] == ["3.3 is too old", *left]


@pytest.mark.parametrize("allowed", [False, True])
def test_hosts_alone_can_be_changed_while_hopsworks_gives_no_answer(allowed: bool) -> None:
    down = {"msg": "GET /project: no answer", "error": error("no answer", "Check host and port")}
    run = dataclasses.replace(HOSTS_ALONE, steps={"reach": down}, left_behind_allowed=allowed)
    causes = [f"{cause.who()}: {cause.cause}" for cause in summarize(run).causes]
    assert causes == (
        [] if allowed else ["Hopsworks: GET /project: no answer", "Hopsworks: it is not known who is left behind"]
    )
    assert ("  Left behind   Not known: GET /project: no answer." in layout.lines(summarize(run))) is allowed


def test_what_hosts_alone_cannot_ask_is_named() -> None:
    run = dataclasses.replace(HOSTS_ALONE, unset=["hopsworks_api_key"])
    assert summarize(run).left_out[-1].startswith("Which projects are left behind was not checked, because localhost")
    asked = dataclasses.replace(run, steps={"reach": REACH})
    assert not any("was not checked" in text for text in summarize(asked).left_out)
    back = Run("hopsworks.kafka.revert", ["revert"], ["revert"], hosts_only=True)
    assert summarize(back).left_out[0].startswith("Which Kafka the projects use was not checked")


def test_a_wrong_input_is_named_with_its_option() -> None:
    given = {"msg": "option projects: the list is empty. Omit it.", "error": error("the list is empty", "Omit it")}
    given["error"]["reason"] = "bad_input"
    [cause] = summarize(site(steps={"projects": given})).causes
    assert (cause.who(), cause.cause, cause.remedy) == ("Input", "option projects: the list is empty", "Omit it")


def test_hosts_are_shown_only_by_runs_that_have_to_do_with_them() -> None:
    hosts: dict[str, t.Any] = {"h1": {}}
    assert not summarize(Run("hopsworks.kafka.projects", ["projects"], ["projects"], hosts=hosts)).hosts
    assert not summarize(site(done=["projects"], selected=["projects"], hosts=hosts)).hosts
    assert summarize(site(done=["onlinefs"], selected=["onlinefs"], hosts=hosts)).hosts
