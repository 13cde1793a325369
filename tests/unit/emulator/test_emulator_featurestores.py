"""Feature stores: a project's own, shared ones, by id and by name."""

from __future__ import annotations

import pytest

from tests.emulator.fixtures import Emulator
from tests.emulator.samples import refusal, user_message


def test_the_list_holds_shared_stores_unless_asked_otherwise(emulator: Emulator) -> None:
    path = emulator.project_path("project_3") + "/featurestores"
    listed = emulator.api("GET", path).json()
    assert [store["projectName"] for store in listed] == ["project_2", "project_3"]
    assert listed[0]["projectId"] == emulator.state("project_2")["id"]
    assert len(emulator.api("GET", path + "?include_shared=false").json()) == 1
    assert len(emulator.api("GET", emulator.project_path("project_1") + "/featurestores").json()) == 1


def test_the_fields_of_a_store(emulator: Emulator) -> None:
    (store,) = emulator.api("GET", emulator.project_path("project_1") + "/featurestores").json()
    assert set(store) == {
        "featurestoreId",
        "featurestoreName",
        "created",
        "projectName",
        "projectId",
        "onlineFeaturestoreName",
        "offlineFeaturestoreName",
        "mysqlServerEndpoint",
        "onlineEnabled",
        "numFeatureGroups",
        "numTrainingDatasets",
        "numStorageConnectors",
        "numFeatureViews",
    }
    assert store["featurestoreName"] == "project_1_featurestore"


@pytest.mark.parametrize("project", ["project_2", "project_3"])
def test_by_id_and_by_name(emulator: Emulator, project: str) -> None:
    base = emulator.project_path("project_3") + "/featurestores/"
    identifier = emulator.state(project)["featurestoreId"]
    for name in (identifier, f"{project}_featurestore"):
        store = emulator.api("GET", f"{base}{name}").json()
        assert (store["featurestoreId"], store["projectName"]) == (identifier, project)


def test_one_that_is_not_there_or_not_shared(emulator: Emulator) -> None:
    base = emulator.project_path("project_1") + "/featurestores/"
    answer = emulator.api("GET", base + "67")
    assert refusal(answer) == (404, 270008, "Featurestore wasn't found.")
    assert user_message(answer) == "featurestoreId: 67 , project: project_1"
    foreign = emulator.state("project_2")["featurestoreId"]
    for name in (foreign, "project_2_featurestore"):
        assert refusal(emulator.api("GET", f"{base}{name}"))[1] == 270008
        assert refusal(emulator.api("GET", f"{base}{name}/storageconnectors"))[1] == 270008
    assert refusal(emulator.api("GET", base + "No-Such-Name"))[:2] == (404, 120004)
