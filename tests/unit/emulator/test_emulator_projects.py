"""Projects: lists, information, creation, the administrator's list, certificates of members."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import jks

from tests.emulator.fixtures import Emulator
from tests.emulator.samples import refusal


def test_the_first_key_owns_every_project_and_ids_differ_from_feature_store_ids(emulator: Emulator) -> None:
    items = emulator.api("GET", "/project").json()
    assert [item["project"]["name"] for item in items] == ["project_1", "project_2", "project_3"]
    assert {item["teamRole"] for item in items} == {"Data owner"}
    assert set(items[0]) == {"project", "user", "teamRole", "timestamp"}
    assert items[0]["user"]["username"] == "admin"
    states = emulator.state()["projects"].values()
    assert {state["id"] for state in states}.isdisjoint({state["featurestoreId"] for state in states})


def test_a_member_sees_his_own_projects_with_his_role(emulator: Emulator, scientist: str) -> None:
    items = emulator.api("GET", "/project", key=scientist).json()
    assert [(item["project"]["name"], item["teamRole"]) for item in items] == [("project_1", "Data scientist")]
    emulator.add_key(scientist, "sam", roles={"project_1": "Data owner", "project_3": "Data scientist"})
    items = emulator.api("GET", "/project", key=scientist).json()
    assert [(item["project"]["name"], item["teamRole"]) for item in items] == [
        ("project_1", "Data owner"),
        ("project_3", "Data scientist"),
    ]


def test_everybody_may_list_all_projects_with_a_key(emulator: Emulator) -> None:
    for roles in ([], ["AGENT"]):
        key = emulator.add_key("new.secret", "newcomer", platform_roles=roles, scopes=["KAFKA"])
        items = emulator.api("GET", "/project/getAll", key=key).json()
        assert [item["name"] for item in items] == ["project_1", "project_2", "project_3"]
    assert refusal(emulator.api("GET", "/project", key=key))[1] == 320003


@pytest.mark.parametrize("by", ["name", "id"])
def test_project_information(emulator: Emulator, by: str) -> None:
    shown = emulator.state("project_2")
    path = "/project/getProjectInfo/project_2" if by == "name" else f"/project/{shown['id']}"
    info = emulator.api("GET", path).json()
    assert (info["projectId"], info["projectName"]) == (shown["id"], "project_2")
    assert set(info) == {
        "projectId",
        "projectName",
        "owner",
        "description",
        "dockerImage",
        "created",
        "services",
        "projectTeam",
        "datasets",
        "inodeid",
        "quotas",
        "creationStatus",
    }
    assert "Resources" in {dataset["name"] for dataset in info["datasets"]}


def test_a_project_is_created_with_its_topic(emulator: Emulator) -> None:
    answer = emulator.api("POST", "/project", {"projectName": "fraud", "featureStoreTopic": "fraud_topic"})
    assert answer.status == 201
    info = emulator.api("GET", "/project/getProjectInfo/fraud").json()
    assert info["featureStoreTopic"] == "fraud_topic"
    assert emulator.api("GET", emulator.store_path("fraud")).json()["count"] == 2
    expected = (409, 150001, "Project with the same name already exists.")
    assert refusal(emulator.api("POST", "/project", {"projectName": "Fraud"})) == expected
    assert refusal(emulator.api("POST", "/project", {"projectName": "no way"}))[:2] == (400, 150003)


def test_the_administrators_list(emulator: Emulator) -> None:
    listed = emulator.api("GET", "/admin/projects").json()
    assert listed["count"] == 3
    assert listed["href"].endswith("/admin/projects")
    assert set(listed["items"][0]) == {"href", "id", "name", "creator", "created", "paymentType", "lastQuotaUpdate"}
    assert set(listed["items"][0]["creator"]) == {"href"}
    expanded = emulator.api("GET", "/admin/projects?expand=creator&expand=quotas").json()["items"][0]
    assert expanded["creator"]["email"] == "admin@hopsworks.ai"
    assert "projectQuotas" in expanded
    page = emulator.api("GET", "/admin/projects?offset=1&limit=1").json()
    assert ([item["name"] for item in page["items"]], page["count"]) == (["project_2"], 3)


def test_credentials_are_real_stores(emulator: Emulator) -> None:
    material = emulator.api("GET", emulator.project_path("project_1") + "/credentials").json()
    assert set(material) == {"fileExtension", "kStore", "tStore", "password", "caChain", "clientCert", "clientKey"}
    (key,) = jks.read(base64.b64decode(material["kStore"]), material["password"])
    assert isinstance(key, jks.PrivateKey)
    assert len(key.chain) == 2
    (trusted,) = jks.read(base64.b64decode(material["tStore"]), material["password"])
    assert isinstance(trusted, jks.TrustedCert)
    assert trusted.der == key.chain[1]


def test_projects_come_and_go(emulator: Emulator) -> None:
    added = emulator.control("POST", "projects", {"name": "late"})
    assert emulator.api("GET", f"/project/{added['id']}").status == 200
    emulator.control("DELETE", "projects", {"name": "late"})
    assert refusal(emulator.api("GET", f"/project/{added['id']}"))[1] == 150004
    assert "late" not in {item["project"]["name"] for item in emulator.api("GET", "/project").json()}


def test_how_far_the_creation_of_a_project_is(emulator: Emulator) -> None:
    emulator.set_project("project_2", status="ONGOING")
    states = {item["name"]: item["creationStatus"] for item in emulator.api("GET", "/project/getAll").json()}
    assert states == {"project_1": "DONE", "project_2": "ONGOING", "project_3": "DONE"}
    mine = [item["project"]["creationStatus"] for item in emulator.api("GET", "/project").json()]
    assert mine == ["DONE", "ONGOING", "DONE"]
    assert emulator.api("GET", "/project/getProjectInfo/project_2").json()["creationStatus"] == "ONGOING"
    for wrong in ({"status": "READY"}, {"has_featurestore": 1}, {"other": True}):
        with pytest.raises(ValueError, match="400"):
            emulator.set_project("project_2", **wrong)


def test_a_project_without_a_feature_store(emulator: Emulator) -> None:
    emulator.set_project("project_2", has_featurestore=False)
    shown = emulator.state("project_2")
    path = f"{emulator.project_path('project_2')}/featurestores"
    for identifier in (
        "project_2_featurestore",
        shown["featurestoreId"],
        f"{shown['featurestoreId']}/storageconnectors",
    ):
        assert refusal(emulator.api("GET", f"{path}/{identifier}")) == (404, 270008, "Featurestore wasn't found.")
    assert emulator.api("GET", path).json() == []
    # project_3 saw it as a shared one.
    other = emulator.api("GET", f"{emulator.project_path('project_3')}/featurestores").json()
    assert [store["projectName"] for store in other] == ["project_3"]


def test_the_release(emulator: Emulator) -> None:
    emulator.set_version("3.3.0")
    versions = emulator.send("GET", "/hopsworks-api/api/variables/versions").json()
    assert {"software": "hopsworks", "version": "3.3.0"} in versions


def test_a_chunk_that_is_asked_for_needs_the_scope_of_an_upload(emulator: Emulator) -> None:
    path = f"{emulator.project_path('project_1')}/dataset/upload"
    key = emulator.add_key("nar.secret", "narrow", scopes=["DATASET_VIEW", "DATASET_DELETE"], roles={})
    assert refusal(emulator.api("GET", f"{path}/None", key=key))[1] == 320004
    assert refusal(emulator.api("GET", f"{path}/None"))[:2] == (400, 110011)
    assert refusal(emulator.api("GET", f"{path}/Resources"))[:2] == (400, 110042)
    asked = "flowChunkNumber=1&flowFilename=x&flowIdentifier=1_x"
    assert emulator.api("GET", f"{path}/Resources?{asked}").status == 204
