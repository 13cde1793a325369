# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""onlinefs-site.xml: two elements are set, and not another byte is touched."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import site_xml
from hypothesis import given
from hypothesis import strategies as some

FULL = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- topicList: <topicList>not this</topicList> -->
<onlinefs>
  <service><threadNumber>10</threadNumber></service>

  <other><kafkaConsumer><topicList>nor this</topicList></kafkaConsumer></other>
  <kafkaConsumer>
\t<topicPattern a='>' >.*_onlinefs</topicPattern>  <!-- kept -->
\t<topicList></topicList>
\t<pollTimeoutMs>1000</pollTimeoutMs>
  </kafkaConsumer>
  <opensearch><userName>admin</userName><password>geheim</password></opensearch>
</onlinefs>
"""


def edit(data: bytes, **wanted: str) -> bytes:
    return site_xml.edit(data, wanted, "site.xml")


def test_only_the_text_of_the_elements_changes() -> None:
    edited = edit(FULL, topicList="a,b", topicPattern="x.*")
    assert edited == FULL.replace(b"  <topicList></topicList>", b"  <topicList>a,b</topicList>").replace(
        b"\t<topicList></topicList>", b"\t<topicList>a,b</topicList>"
    ).replace(b".*_onlinefs<", b"x.*<")


def test_nothing_to_do_is_the_same_object() -> None:
    assert edit(FULL, topicList="", topicPattern=".*_onlinefs") is FULL


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<topicList/>", "<topicList>a</topicList>"),
        ("<topicList />", "<topicList>a</topicList>"),
        ("<topicList x='/>'/>", "<topicList x='/>'>a</topicList>"),
        ("<topicList\n></topicList >", "<topicList\n>a</topicList >"),
        ("<topicList> b <!-- c --> </topicList>", "<topicList>a</topicList>"),
        ("<topicList><![CDATA[b]]></topicList>", "<topicList>a</topicList>"),
        ("<topicList>b&amp;&#65;</topicList>", "<topicList>a</topicList>"),
        ("<topicList>\n  a\n</topicList>", "<topicList>\n  a\n</topicList>"),
    ],
)
def test_forms_of_an_element(before: str, after: str) -> None:
    page = "<onlinefs><kafkaConsumer>{}</kafkaConsumer></onlinefs>"
    assert edit(page.format(before).encode(), topicList="a").decode() == page.format(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "<onlinefs>\n  <kafkaConsumer>\n    <pollTimeoutMs>1</pollTimeoutMs>\n  </kafkaConsumer>\n</onlinefs>\n",
            "<onlinefs>\n  <kafkaConsumer>\n    <pollTimeoutMs>1</pollTimeoutMs>\n    <topicList>a</topicList>\n"
            "  </kafkaConsumer>\n</onlinefs>\n",
        ),
        (
            "<onlinefs>\n  <kafkaConsumer/>\n</onlinefs>\n",
            "<onlinefs>\n  <kafkaConsumer>\n    <topicList>a</topicList>\n  </kafkaConsumer>\n</onlinefs>\n",
        ),
        (
            "<onlinefs>\r\n\t<x/>\r\n</onlinefs>\r\n",
            "<onlinefs>\r\n\t<x/>\r\n\t<kafkaConsumer>\r\n\t\t<topicList>a</topicList>\r\n\t</kafkaConsumer>\r\n"
            "</onlinefs>\r\n",
        ),
        ("<onlinefs/>", "<onlinefs>\n  <kafkaConsumer>\n    <topicList>a</topicList>\n  </kafkaConsumer>\n</onlinefs>"),
    ],
)
def test_an_element_that_is_missing_is_added_as_its_neighbours_stand(before: str, after: str) -> None:
    assert edit(before.encode(), topicList="a").decode() == after
    assert site_xml.read(after.encode(), "site.xml")["topicList"] == "a"


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16", "utf-8-sig", "cp1252"])
def test_encoding_and_byte_order_mark_stay(encoding: str) -> None:
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    text = f'<?xml version="1.0" encoding="{declared}"?><onlinefs><!-- Größe --><kafkaConsumer/></onlinefs>'
    data = text.encode(encoding)
    edited = edit(data, topicPattern="ä.*")
    assert site_xml.read(edited, "site.xml")["topicPattern"] == "ä.*"
    assert edited.decode(encoding).startswith(text[: text.index("<kafkaConsumer")])


def test_a_character_that_the_encoding_lacks_is_written_as_a_reference() -> None:
    data = b"<?xml version='1.0' encoding='iso-8859-1'?><onlinefs><kafkaConsumer/></onlinefs>"
    edited = edit(data, topicPattern="\u20ac")
    assert b"&#8364;" in edited and site_xml.read(edited, "site.xml")["topicPattern"] == "\u20ac"


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "not well-formed"),
        (b"<onlinefs>", "not well-formed"),
        (b"<onlinefs><kafkaConsumer></onlinefs>", "not well-formed"),
        (b"<configuration/>", "root element"),
        (b'<?xml version="1.0" encoding="utf-7"?><onlinefs>+AGE-</onlinefs>', "cannot be written back"),
        (b"<onlinefs>\xff</onlinefs>", "not text in its encoding"),
        (b'<?xml version="1.0" encoding="nonsense"?><onlinefs/>', "not text in its encoding"),
        (b"<onlinefs><kafkaConsumer/><kafkaConsumer/></onlinefs>", "2 times"),
        (b"<onlinefs><kafkaConsumer><topicList/><topicList/></kafkaConsumer></onlinefs>", "2 times"),
        (b'<!DOCTYPE onlinefs [<!ENTITY a "b">]><onlinefs>&a;</onlinefs>', "document type"),
        (b"<onlinefs>&unknown;</onlinefs>", "not well-formed"),
    ],
)
def test_what_is_refused(data: bytes, cause: str) -> None:
    with pytest.raises(InputError, match=cause) as caught:
        edit(data, topicList="a")
    assert caught.value.subject == "site.xml"


def test_secrets_are_masked_for_a_diff() -> None:
    shown = site_xml.masked(FULL, "site.xml")
    assert "geheim" not in shown and "<userName>admin</userName>" in shown


WORDS = some.text(some.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20)


@given(text=WORDS.map(str.strip), spaces=some.sampled_from(["", " ", "\n", "\r\n\t"]), rest=WORDS)
def test_what_is_set_is_read_and_the_rest_stays(text: str, spaces: str, rest: str) -> None:
    """Read by another parser, with the same elements, attributes and texts elsewhere."""
    kept = rest.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    page = (
        f"<onlinefs>{spaces}<a b='1'>{kept}</a>{spaces}<kafkaConsumer>{spaces}<c/></kafkaConsumer>{spaces}</onlinefs>"
    )
    edited = edit(page.encode(), topicPattern=text)
    root = ElementTree.fromstring(edited)
    assert (root.findtext("kafkaConsumer/topicPattern") or "").strip() == text
    assert edit(edited, topicPattern=text) == edited
    element = root.find("kafkaConsumer")
    added = root.find("kafkaConsumer/topicPattern")
    assert element is not None and added is not None
    element.remove(added)
    assert [(e.tag, e.attrib) for e in root.iter()] == [(e.tag, e.attrib) for e in ElementTree.fromstring(page).iter()]
    assert root.findtext("a") == ElementTree.fromstring(page).findtext("a")
