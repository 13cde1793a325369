# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""onlinefs-site.xml: two elements are set, and not another byte is touched."""

from __future__ import annotations

import resource
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


@pytest.mark.parametrize("declared", ["", ' encoding="utf-8"', " encoding='UTF-8'"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_utf8_with_and_without_a_byte_order_mark(declared: str, mark: bytes) -> None:
    text = f'<?xml version="1.0"{declared}?><onlinefs><!-- Größe --><kafkaConsumer/></onlinefs>'
    edited = edit(mark + text.encode(), topicPattern="ä€.*")
    assert site_xml.read(edited, "site.xml")["topicPattern"] == "ä€.*"
    assert edited.startswith(mark + text[: text.index("<kafkaConsumer")].encode())


@pytest.mark.parametrize("encoding", ["iso-8859-1", "cp1252", "utf-16", "utf-16-le", "us-ascii", "utf-7", "nonsense"])
def test_other_encodings_are_refused_by_name(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><onlinefs><kafkaConsumer/></onlinefs>'
    data = text.encode("utf-16" if encoding.startswith("utf-16") else "ascii")
    with pytest.raises(InputError, match=r"only UTF-8 is supported\. Convert the file to UTF-8") as caught:
        edit(data, topicList="a")
    assert encoding[:6].lower() in str(caught.value).lower()


@pytest.mark.parametrize("character", ["\x00", "\x01", "\x0b", "\x1f", "\ud800", "\udfff", "\ufffe", "\uffff"])
def test_a_character_that_xml_cannot_hold_is_refused(character: str) -> None:
    with pytest.raises(InputError, match=f"cannot hold the character U\\+{ord(character):04X} in <topicPattern>"):
        edit(FULL, topicPattern=f"a{character}b")


@pytest.mark.parametrize(
    "character", ["\t", "\n", "\x7f", "\x85", "\ud7ff", "\ue000", "\ufffd", "\U00010000", "\U0010ffff"]
)
def test_a_character_that_xml_can_hold_is_written(character: str) -> None:
    ElementTree.fromstring(edit(FULL, topicPattern=f"a{character}b"))


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"<onlinefs>" + b"<a>" * 40_000 + b"</a>" * 40_000 + b"</onlinefs>", "nested more than 64 deep"),
        (b"<onlinefs>" + b"\n" * 3_000_000 + b"</onlinefs>", "more than 2097152 bytes"),
        (b"<onlinefs>" + b"\n" * 2_000_000 + b"</onlinefs>", ""),
        (b"<onlinefs><kafkaConsumer><topicList>" + b"\n" * 2_000_000 + b"</topicList></kafkaConsumer></onlinefs>", ""),
        (b"<onlinefs><kafkaConsumer>" + b"<a/>" * 400_000 + b"</kafkaConsumer></onlinefs>", "more than 20000 elements"),
        (b"<onlinefs>" + b"<kafkaConsumer/>" * 19_000 + b"</onlinefs>", "occurs 19000 times"),
        (b"<onlinefs><" + b"password" * 200_000 + b"/></onlinefs>", ""),
        (b"<onlinefs a='" + b"&#10;" * 400_000 + b"'/>", ""),
    ],
)
def test_size_depth_and_time_are_bounded(data: bytes, cause: str) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    if cause:
        with pytest.raises(InputError, match=cause):
            edit(data, topicList="a")
    else:
        assert b"<topicList>a</topicList>" in edit(data, topicList="a")
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_utime + after.ru_stime - usage.ru_utime - usage.ru_stime < 4, "processor time, not the clock"
    assert after.ru_maxrss - usage.ru_maxrss < 150_000


def test_the_deepest_nesting_that_is_read() -> None:
    def nested(depth: int) -> bytes:
        return b"<onlinefs>" + b"<a>" * (depth - 1) + b"</a>" * (depth - 1) + b"</onlinefs>"

    assert b"<topicList>a</topicList>" in edit(nested(site_xml.MAX_DEPTH), topicList="a")
    with pytest.raises(InputError, match="nested more than 64 deep"):
        edit(nested(site_xml.MAX_DEPTH + 1), topicList="a")


def test_topics_that_make_the_file_too_large_are_refused() -> None:
    with pytest.raises(InputError, match="Declare fewer topics"):
        edit(FULL, topicList="a" * site_xml.MAX_BYTES)


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "not well-formed"),
        (b"<onlinefs>", "not well-formed"),
        (b"<onlinefs><kafkaConsumer></onlinefs>", "not well-formed"),
        (b"<configuration/>", "root element"),
        (b"<onlinefs>\xff</onlinefs>", "not well-formed"),
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
