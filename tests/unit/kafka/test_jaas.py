"""The JAAS text: Kafka's grammar, alone and beside ``java.io.StreamTokenizer``."""

from __future__ import annotations

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import jaas
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.unit.kafka.reference import Reference

MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule"
SIGNS = st.lists(
    st.sampled_from([*"ab_$.-09 \t\n\r=;\"'\\/*#{é\x80\x7f😀", "\\101", "\\9", "//", "/*", "*/"]), max_size=30
).map("".join)
NAMES = st.from_regex(r"[A-Za-z_$][A-Za-z0-9_.$-]{0,10}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ('username="u" password="p"', {"username": "u", "password": "p"}),
        ('password="p" username="u"', {"password": "p", "username": "u"}),
        ("username='u' password='p\"q'", {"username": "u", "password": 'p"q'}),
        ('username=u\n  password = "p;=\'/ #"', {"username": "u", "password": "p;='/ #"}),
        (r'password="a\"b\\c\n\101\1018\477"', {"password": 'a"b\\c\nAA8\x277'}),
        ('a=b-c.d_$ /* comment */ c="d" // more', {"a": "b-c.d_$", "c": "d"}),
        ('"quoted name"="v"', {"quoted name": "v"}),
        ('a="1" a="2"', {"a": "2"}),
        ("", {}),
    ],
)
def test_parses_the_grammar(text: str, options: dict[str, str]) -> None:
    login = jaas.parse(f"{MODULE} REQUIRED {text}\n;")
    assert (login.module, login.flag, login.options) == (MODULE, "required", options)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "no login module given"),
        ("  // nothing", "no login module given"),
        ("= required;", "the class name of a login module is missing at its start"),
        (f"{MODULE}", "the login module must be followed by one of required, requisite, sufficient, optional"),
        (f"{MODULE};", "the login module must be followed by one of required, requisite, sufficient, optional"),
        (f'{MODULE} needed username="S3CRET";', "the login module must be followed by one of"),
        (f'{MODULE} required password="S3CRET"', "the semicolon at its end is missing"),
        (f'{MODULE} required password="S3CRET;', "a quote is not closed"),
        (f'{MODULE} required password="S3C\nRET";', "a quote is not closed"),
        (f"{MODULE} required password=12345;", "the value cannot be read by Kafka"),
        (f"{MODULE} required keyTab=/etc/S3CRET ;", "the value cannot be read by Kafka"),
        (f"{MODULE} required password S3CRET;", "the value cannot be read by Kafka"),
        (f'{MODULE} required "a" = ;', "the value cannot be read by Kafka"),
        (f'{MODULE} required = "S3CRET";', "a part of it is not <option>=<value>"),
        (f'{MODULE} required password="a"; {MODULE} required password="S3CRET";', "text after the semicolon"),
    ],
)
def test_refuses_with_the_reason_and_without_the_secret(text: str, cause: str) -> None:
    with pytest.raises(InputError) as raised:
        jaas.parse(text)
    assert raised.value.cause.startswith(cause)
    assert "S3C" not in str(raised.value) and "RET" not in str(raised.value)


def test_hides_its_options() -> None:
    assert "S3CRET" not in repr(jaas.parse(f'{MODULE} required password="S3CRET";'))
    assert "S3CRET" not in repr(list(jaas._tokens('"S3CRET"')))


def test_writes_user_and_password_first() -> None:
    login = jaas.Jaas(MODULE, "required", {"z": "1", "password": 'p"\\', "username": "u"})
    assert jaas.render(login) == f'{MODULE} required username="u" password="p\\"\\\\" z="1";'


@given(NAMES, st.dictionaries(NAMES, st.text(max_size=20) | SIGNS, max_size=5))
def test_reads_back_what_it_wrote(module: str, options: dict[str, str]) -> None:
    assert jaas.parse(jaas.render(jaas.Jaas(module, "required", options))) == jaas.Jaas(module, "required", options)


@given(st.dictionaries(NAMES, st.text(max_size=20) | SIGNS, max_size=5))
def test_java_reads_what_it_wrote(java: Reference, options: dict[str, str]) -> None:
    login = jaas.Jaas(MODULE, "required", options)
    names = [name for name in ("username", "password") if name in options]
    names += [name for name in options if name not in names]
    expected = [("text", MODULE), ("text", "required")]
    for name in names:
        expected += [("text", name), ("=", ""), ("text", options[name])]
    assert java.tokens(jaas.render(login)) == [*expected, (";", "")]


@given(SIGNS)
@example("a/b")
@example("a /\nb\nc")
@example("..1.2.3-.-.-")
@example("/*/ a */ b")
@example("-a -1 - .a 1a a1")
@example("'a\\'b' \"a\\\nb\"")
def test_sees_the_tokens_that_java_sees(java: Reference, text: str) -> None:
    try:
        tokens = [(token.kind, token.text) for token in jaas._tokens(text)]
    except InputError:
        # Java ends an open quote at the end of the line without a word; here it is refused.
        assume(False)
    assert tokens == java.tokens(text)
