"""Files of a project: where they are looked for, and what upload, download and deletion answer."""

from __future__ import annotations

import typing as t

import pytest

from tests.emulator.fixtures import Answer, Emulator
from tests.emulator.samples import refusal

NO_PATH = (400, 110018, "Path not found")
NO_DATASET = (400, 110011, "DataSet not found.")
EXISTS = (400, 110012, "Destination already exists.")
INVALID = (400, 110042, "ResumableInfo is invalid")


@pytest.fixture
def path(emulator: Emulator) -> str:
    return emulator.project_path("project_1") + "/dataset/"


@pytest.mark.parametrize(
    "form",
    [
        "Resources/a.jks",
        "Resources%2Fa.jks",
        "%2FProjects%2Fproject_1%2FResources%2Fa.jks",
        "/Projects/project_1/Resources/a.jks",
        "hdfs:%2F%2F%2FProjects%2Fproject_1%2FResources%2Fa.jks",
        "hdfs:%2F%2Fnamenode:8020%2FProjects%2Fproject_1%2FResources%2Fa.jks",
        "dfs:%2F%2F%2FProjects%2Fproject_1%2FResources%2Fa.jks?type=DATASET",
    ],
)
def test_every_form_of_a_path(emulator: Emulator, path: str, form: str) -> None:
    emulator.upload("project_1", "a.jks", b"four")
    inode = emulator.api("GET", path + form).json()
    assert inode["attributes"]["path"] == "/Projects/project_1/Resources/a.jks"
    assert (inode["attributes"]["name"], inode["attributes"]["size"], inode["attributes"]["dir"]) == ("a.jks", 4, False)
    assert "datasetType" not in inode
    assert emulator.api("GET", f"{path}download/with_auth/{form}").body == b"four"


def test_a_dataset_tells_its_type(emulator: Emulator, path: str) -> None:
    inode = emulator.api("GET", path + "Resources").json()
    assert (inode["datasetType"], inode["attributes"]["dir"]) == ("DATASET", True)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("Resources/none.jks", NO_PATH),
        ("Resources/none/deeper.jks", NO_PATH),
        ("Resources/../Logs", NO_PATH),
        ("Nothing", NO_DATASET),
        ("Nothing/a.jks", NO_DATASET),
        ("/Projects/project_2/Resources", NO_DATASET),
        ("/etc/passwd", NO_DATASET),
    ],
)
def test_paths_that_are_not_there(emulator: Emulator, path: str, form: str, expected: tuple[int, int, str]) -> None:
    for prefix in (path, path + "download/with_auth/"):
        assert refusal(emulator.api("GET", prefix + form)) == expected


def test_listing(emulator: Emulator, path: str) -> None:
    for name in ("c", "a", "b"):
        emulator.upload("project_1", name, b"")
    emulator.upload("project_1", "deep", b"", "Resources/sub")

    def names(query: str) -> list[str]:
        listed = emulator.api("GET", f"{path}Resources?action=listing&{query}").json()
        assert listed["count"] == 4
        return [item["attributes"]["name"] for item in listed["items"]]

    assert names("") == ["a", "b", "c", "sub"]
    assert names("offset=1&limit=2&sort_by=ID:asc") == ["b", "c"]
    assert refusal(emulator.api("GET", f"{path}Resources/a?action=listing"))[:2] == (400, 110019)
    assert emulator.api("GET", f"{path}Resources/a?action=other").status == 404


def test_upload_refuses_to_overwrite(emulator: Emulator, path: str) -> None:
    answer = emulator.upload("project_1", "a.jks", b"one")
    expected = "Successfuly uploaded file to /Projects/project_1/Resources"
    assert (answer.status, answer.json()) == (200, {"successMessage": expected})
    assert refusal(emulator.upload("project_1", "a.jks", b"two")) == EXISTS
    assert emulator.api("GET", f"{path}download/with_auth/Resources/a.jks").body == b"one"


def test_upload_to_a_dataset_that_is_not_there(emulator: Emulator) -> None:
    assert refusal(emulator.upload("project_1", "a.jks", b"one", "Nowhere")) == NO_DATASET


def _chunk(emulator: Emulator, number: int, content: bytes, **changes: t.Any) -> Answer:
    fields = {
        "flowChunkNumber": number,
        "flowChunkSize": 4,
        "flowCurrentChunkSize": len(content),
        "flowTotalSize": 10,
        "flowIdentifier": "10_big.bin",
        "flowFilename": "big.bin",
        "flowRelativePath": "big.bin",
        "flowTotalChunks": 3,
        "templateId": -1,
        **changes,
    }
    fields = {name: value for name, value in fields.items() if value is not None}
    path = f"{emulator.project_path('project_1')}/dataset/upload/Resources"
    return emulator.send_form(path, fields, content, "big.bin")


def test_upload_in_chunks(emulator: Emulator, path: str) -> None:
    assert _chunk(emulator, 1, b"0123").json() == {"successMessage": "Uploading..."}
    assert refusal(emulator.api("GET", path + "Resources/big.bin")) == NO_PATH
    assert _chunk(emulator, 3, b"89").json() == {"successMessage": "Uploading..."}
    assert "Successfuly" in _chunk(emulator, 2, b"4567").json()["successMessage"]
    assert emulator.api("GET", f"{path}download/with_auth/Resources/big.bin").body == b"0123456789"


def test_a_chunk_that_is_sent_twice_counts_once(emulator: Emulator, path: str) -> None:
    for number, content in ((1, b"0123"), (1, b"0123"), (2, b"4567"), (3, b"89")):
        _chunk(emulator, number, content)
    assert emulator.api("GET", f"{path}download/with_auth/Resources/big.bin").body == b"0123456789"


@pytest.mark.parametrize(
    "changes",
    [
        {"flowIdentifier": None},
        {"flowFilename": ""},
        {"flowRelativePath": None},
        {"flowChunkNumber": "x"},
        {"flowChunkSize": None},
        {"flowTotalSize": -1},
        {"flowTotalChunks": 10001},
    ],
)
def test_what_is_no_valid_upload(emulator: Emulator, changes: dict[str, t.Any]) -> None:
    assert refusal(_chunk(emulator, 1, b"0123", **changes)) == INVALID


def test_contents_are_kept_byte_for_byte(emulator: Emulator, path: str) -> None:
    content = bytes(range(256)) * 300 + b"\r\n--emulator\r\n\r\n"
    emulator.upload("project_1", "all.bin", content)
    answer = emulator.api("GET", f"{path}download/with_auth/Resources%2Fall.bin?type=DATASET")
    assert answer.body == content
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "attachment" in answer.headers["content-disposition"]


def test_download_can_be_forbidden(emulator: Emulator, path: str) -> None:
    emulator.upload("project_1", "a.jks", b"one")
    emulator.set_variables(download_allowed="false")
    answer = emulator.api("GET", f"{path}download/with_auth/Resources/a.jks")
    assert refusal(answer)[:2] == (403, 110048)
    assert emulator.api("GET", path + "Resources/a.jks").status == 200


def test_a_directory_is_no_download(emulator: Emulator, path: str) -> None:
    assert refusal(emulator.api("GET", f"{path}download/with_auth/Resources"))[:2] == (400, 110020)


def test_delete(emulator: Emulator, path: str) -> None:
    emulator.upload("project_1", "a.jks", b"one")
    answer = emulator.api("DELETE", path + "Resources/a.jks")
    assert (answer.status, answer.body) == (204, b"")
    assert refusal(emulator.api("GET", path + "Resources/a.jks")) == NO_PATH
    # The file system's delete answers false for what is not there; the server makes a 500 of that.
    assert refusal(emulator.api("DELETE", path + "Resources/a.jks"))[:2] == (500, 110007)


def test_delete_a_directory_with_all_that_is_in_it(emulator: Emulator, path: str) -> None:
    emulator.upload("project_1", "a.jks", b"one", "Resources/sub")
    assert emulator.api("DELETE", path + "Resources/sub").status == 204
    assert emulator.files("project_1") == {}


def test_members_read_and_upload_and_only_an_owner_removes_a_dataset(
    emulator: Emulator, path: str, scientist: str
) -> None:
    assert emulator.upload("project_1", "a.jks", b"one", key=scientist).status == 200
    assert emulator.api("GET", f"{path}download/with_auth/Resources/a.jks", key=scientist).body == b"one"
    assert emulator.api("DELETE", path + "Resources", key=scientist).status == 400
    assert emulator.api("DELETE", path + "Resources/a.jks", key=scientist).status == 204


def test_make_a_directory(emulator: Emulator, path: str, scientist: str) -> None:
    query = "?action=create&searchable=true&generate_readme=false&type=DATASET"
    assert emulator.api("POST", f"{path}Resources/made{query}").status == 201
    assert emulator.api("GET", path + "Resources/made").json()["attributes"]["dir"] is True
    assert refusal(emulator.api("POST", f"{path}Resources/made{query}"))[:2] == (400, 110047)
    assert emulator.api("POST", f"{path}Fresh{query}").status == 201
    assert emulator.upload("project_1", "a.jks", b"one", "Fresh").status == 200
    assert emulator.api("POST", f"{path}Other{query}", key=scientist).status == 403


def test_the_old_place_of_connector_files(emulator: Emulator, path: str) -> None:
    directory = "project_1_featurestore.db/storage_connector_resources"
    assert emulator.upload("project_1", "a.jks", b"one", f"{directory}?type=FEATURESTORE").status == 200
    assert emulator.api("GET", f"{path}download/with_auth/{directory}/a.jks?type=HIVEDB").body == b"one"
    assert emulator.api("GET", f"{path}/apps/hive/warehouse/{directory}/a.jks").status == 200
