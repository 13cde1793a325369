"""One function cleans the text of other programs: secrets in every spelling, credentials, terminal escapes."""

from __future__ import annotations

import base64
import html
import json
import re
import time
import typing as t
import urllib.parse

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.masking import (
    MASK,
    clean,
    clean_end,
    hide,
    public_command,
    public_text,
    public_url,
    url_secrets,
)
from hypothesis import assume, example, given
from hypothesis import strategies as st

#: What stands around a secret in the tests: nothing that a spelling of it could be mistaken for.
BEFORE, AFTER = "<< ", " >>"


def escaped(text: str, upper: bool = False) -> str:
    """Every UTF-16 unit as \\uXXXX, as some encoders write each character that is not a letter or digit."""
    raw = text.encode("utf-16-be", "surrogatepass")
    form = "\\u{:04X}" if upper else "\\u{:04x}"
    return "".join(form.format(int.from_bytes(raw[at : at + 2], "big")) for at in range(0, len(raw), 2))


def lower_hex(text: str) -> str:
    """URL-encoded text with its hexadecimal digits in lower case."""
    parts = text.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


SPELLINGS: dict[str, t.Callable[[str], str]] = {
    "raw": str,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON, not in ASCII": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON, slashes escaped": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON, as Gson escapes": lambda text: json.dumps(text)[1:-1].replace("=", "\\u003d").replace("&", "\\u0026"),
    "JSON, all escaped": escaped,
    "JSON, all escaped in upper case": lambda text: escaped(text, upper=True),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    "quote": urllib.parse.quote,
    "quote, slashes too": lambda text: urllib.parse.quote(text, safe=""),
    "quote in lower case": lambda text: lower_hex(urllib.parse.quote(text, safe="")),
    "quote_plus": urllib.parse.quote_plus,
    "quote_plus in lower case": lambda text: lower_hex(urllib.parse.quote_plus(text)),
    "quoted twice": lambda text: urllib.parse.quote(urllib.parse.quote(text)),
    "URL in JSON": lambda text: json.dumps(urllib.parse.quote(text, safe="/"))[1:-1].replace("/", "\\/"),
    "XML": html.escape,
    "bytes of Python": lambda text: repr(text.encode())[2:-1],
    "text of Python": lambda text: ascii(text)[1:-1],
}
ENCODERS: dict[str, t.Callable[[bytes], bytes]] = {
    "standard": base64.b64encode,
    "URL-safe": base64.urlsafe_b64encode,
    "wrapped": base64.encodebytes,
    "escaped": lambda raw: base64.b64encode(raw).replace(b"/", b"\\/"),
    "URL-encoded": lambda raw: urllib.parse.quote(base64.b64encode(raw), safe="").encode(),
}

#: Secrets of letters of any kind; the surrogates that JSON writes by halves are beyond what a text holds.
SECRETS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=4, max_size=40).filter(
    lambda text: len(text.strip()) >= 4 and MASK not in text
)


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(secret=SECRETS)
@example(secret="pä\"s's/ w\\d+=&x%41é\U0001f511")
@example(secret="line\nbreak")
def test_a_secret_in_every_spelling(spelling: str, secret: str) -> None:
    text = SPELLINGS[spelling](secret)
    cleaned = clean(BEFORE + text + AFTER, {secret})
    assert cleaned == BEFORE + MASK + AFTER


@pytest.mark.parametrize("encoder", ENCODERS)
@given(secret=SECRETS.filter(lambda text: len(text) > 5), before=st.binary(max_size=70), after=st.binary(max_size=9))
def test_a_secret_in_base64_however_it_is_aligned(encoder: str, secret: str, before: bytes, after: bytes) -> None:
    raw = secret.encode()
    text = ENCODERS[encoder](before + raw + after).decode()
    # By chance the text ends like "pw=", with its padding: the word behind it is masked too, which is the safe side.
    assume(not re.search(r"[^A-Za-z0-9](pw|sig)=$", text.rstrip()))
    cleaned = clean(BEFORE + text + AFTER, {secret})
    assert cleaned.startswith(BEFORE[:2]) and cleaned.endswith(AFTER[-2:])
    assert MASK in cleaned
    # What is left does not decode to half of it, wherever decoding begins.
    half = raw[: len(raw) // 2 + 1]
    for part in urllib.parse.unquote(cleaned).split(MASK):
        left = re.sub(r"[^A-Za-z0-9+/]", "", part.replace("-", "+").replace("_", "/"))
        for lead in range(4):
            decoded = base64.b64decode(left[lead : lead + (len(left) - lead) // 4 * 4])
            assert half not in decoded or half in before + after


@given(st.text(max_size=200), st.sets(st.text(max_size=10), max_size=3))
def test_any_text_can_be_cleaned_and_stays_clean(text: str, secrets: set[str]) -> None:
    cleaned = clean(text, secrets)
    assert not any(ord(letter) < 32 and letter not in "\n\t" for letter in cleaned)
    for secret in secrets:
        if len(secret) >= 4 and not set(secret) <= set(MASK + "\\x0123456789abcdefu "):
            assert secret not in cleaned or secret in "x".join((MASK, MASK))


def test_a_short_secret_is_masked_as_a_word_only() -> None:
    assert clean("u but user=u, xu u", {"u"}) == f"{MASK} but user={MASK}, xu {MASK}"
    assert clean("nothing", {""}) == "nothing"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Basic dXNlcjpodW50ZXIy", "Authorization: ********"),
        ('{"Authorization": "ApiKey ab.cd"}', '{"Authorization": "********"}'),
        ("sent Basic dXNlcjpodW50ZXIy to", "sent Basic ******** to"),
        ("bearer eyJhbGciOi.J9-_~+/= end", "bearer ******** end"),
        ("pwd=hunter2 next", "pwd=******** next"),
        ("passphrase: hunter2", "passphrase: ********"),
        ("pass phrase: hunter2", "pass phrase: ********"),
        ("pw=hunter2 next", "pw=******** next"),
        ("a=b&db.password%3Dhunter2 next", "a=b&db.password%3D******** next"),
        ("secret_key=hunter2", "secret_key=********"),
        ("passwd hunter", "passwd hunter"),
        ("PASSWD:hunter2", "PASSWD:********"),
        ("api-key: hunter2", "api-key: ********"),
        ("x-api-key => hunter2", "x-api-key => ********"),
        ("token: eyJhunter2", "token: ********"),
        ("token: hunter\nnext", "token: ********\nnext"),
        ("token=hunter next", "token=******** next"),
        ("the.access.token=hunter2", "the.access.token=********"),
        ("db.pass = a hunter2 of words\nnext=1", "db.pass = ********\nnext=1"),
        ("basic.auth.user.info=u:hunter2", "basic.auth.user.info=********"),
        ("SharedAccessKey=hunter2;x", "SharedAccessKey=********"),
        ('{"password": "hunter \\" 2", "port": 1}', '{"password": ********, "port": 1}'),
        ("{'password': 'hunter 2', 'port': 1}", "{'password': ********, 'port': 1}"),
        ('"{\\"password\\": \\"hunter 2\\", \\"port\\": 1}"', '"{\\"password\\": ********, \\"port\\": 1}"'),
        ('password: "hunter2 without an end', "password: ********"),
        ('{"name": "x.password", "value": "hunter 2"}', '{"name": "x.password", "value": ********}'),
        ("<name>x.password</name>\n<value>hunter 2</value>", "<name>x.password</name>\n<value>********</value>"),
        ("<token>hunter2</token>", "<token>********</token>"),
        ("run --password hunter2 --api-key 'hunter 2' -x", "run --password ******** --api-key ******** -x"),
        ('sasl.jaas.config=x required o="hunter2";\ny=1', "sasl.jaas.config=********\ny=1"),
        ("\x1b[36mpassword\x1b[0m=hunter2", "\\x1b[36mpassword\\x1b[0m=********"),
        ("see https://u:hunter2@h:1/p?a=hunter2&b=2 there", "see https://********@h:1/p?a=********&b=******** there"),
        ("https://u:hun/ter2@h", "https://********@h"),
        ("https://h/p?hunter2", "https://h/p?********"),
        ("https://h/p#access_token=hunter2", "https://h/p#access_token=********"),
        ("jdbc:x://u:hunter2@h", "jdbc:x://********@h"),
        ("u:hunter2@b1:9092,b2:9092 there", "********@b1:9092,b2:9092 there"),
        ("b1:9092,u:hun/te:r2@[::1]:9092", "b1:9092,********@[::1]:9092"),
        ("u:hunter2@h:1,https://v:hunter2@x", "********@h:1,https://********@x"),
        ("https:\\/\\/u:hunter2@h\\/x", "********@h\\/x"),
        ("password= \x1b[31m hunter2", "password= \\x1b[31m ********"),
        ("db.password =   hunter2 x\nnext", "db.password =   ********\nnext"),
    ],
)
def test_what_looks_like_a_credential(text: str, expected: str) -> None:
    assert clean(text, ()) == expected
    assert clean(expected, ()) == expected


@pytest.mark.parametrize(
    "text",
    [
        "SASL authentication error: Authentication failed: Invalid username or password (after 3ms)",
        "Basic authentication failed; WWW-Authenticate: Bearer realm=kafka",
        "Failed to fetch token: Connection refused",
        "token: HTTP 401",
        "security.protocol=SASL_SSL bootstrap.servers=b-1.example.com:9093,b-2:9093 project_1 42",
        "sasl.oauthbearer.token.endpoint.url=https://id.example.com/oauth/token",
        "ssl.key.password = null",
        "the key of tokenizer: 4 of secretary",
        "a bypass=1 of the compass: north",
        "Principal = User:alice@EXAMPLE.COM is denied; kafka/b1.example.com@EXAMPLE.COM; Node@3f2a; @b:1",
        "tab\tand line\n",
        "größer als 3 µs, 漢字",
    ],
)
def test_prose_stays_readable(text: str) -> None:
    assert clean(text, ()) == text


@pytest.mark.parametrize("end", ["-----END RSA PRIVATE KEY-----", ""], ids=["whole", "cut"])
@pytest.mark.parametrize("line_end", ["\n", "\\n", "\r\n"])
def test_a_private_key(end: str, line_end: str) -> None:
    key = line_end.join(["-----BEGIN RSA PRIVATE KEY-----", "hunter2+/A==", end])
    assert clean(f"before {key}", ()) == f"before {MASK}"
    assert clean("-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----", ()).count(MASK) == 0


def test_the_end_of_a_private_key_alone() -> None:
    text = clean("log: hunter2\nMIIhunter2/+=\n-----END PRIVATE KEY-----\nafter", ())
    assert "hunter2" not in text and text.startswith("log:") and text.endswith("\nafter")


def test_no_terminal_obeys_a_cleaned_text() -> None:
    text = "".join(map(chr, range(0x3000))) + "\udc80\ufeff"
    cleaned = clean(text, ())
    for code in (*range(9), *range(11, 32), *range(127, 160), 0x202E, 0x2066, 0xDC80, 0xFEFF):
        assert chr(code) not in cleaned
    assert clean("\x1b]0;title\x07\x00\x9b\u202e\r", ()) == "\\x1b]0;title\\x07\\x00\\x9b\\u202e\\x0d"
    cleaned.encode()


def test_public_url() -> None:
    assert public_url("http://127.0.0.1:12800/metrics") == "http://127.0.0.1:12800/metrics"
    assert public_url("http://u:p@h/m?t=x&u=y") == f"http://{MASK}@h/m?t={MASK}&u={MASK}"
    assert public_url("https://a:b@one,https://c:d@two") == f"https://{MASK}@two"


@pytest.mark.parametrize(
    "broken",
    [
        "hunter2\nis secret",
        "hunter2\r\n\t is secret",
        "hun\x1b[0mter2is\x1b[1;31m secret",
        "\0".join("hunter2is secret"),
        "hunter\u200b2is\u2060 secret",
    ],
)
def test_a_secret_that_something_breaks(broken: str) -> None:
    assert hide(f"log: {broken} end", {"hunter2is secret"}) == f"log: {MASK} end"


@pytest.mark.parametrize("unit", [" ", "\n", "\u00a0", " \t", "\\", "\x1b[0m", ">", "'", "a", "%20", "\\n"])
@pytest.mark.parametrize("end", ["", "null", "="])
@pytest.mark.parametrize(
    "start",
    [
        "password",
        "password:",
        "token: ",
        "authorization:",
        "authorization: x",
        "basic",
        "jaas.config",
        "a.password=",
        'password="',
        'x.password",',
        "password>",
        "--token ",
        "u:@",
        "u:",
    ],
)
def test_what_follows_a_label_costs_no_more_than_its_length(start: str, unit: str, end: str) -> None:
    """A broker, a server or the service's log may send it; 10,000 spaces took 8 s."""
    begun = time.process_time()
    clean(start + unit * (20_000 // len(unit)) + end, {"hunter2secret"})
    assert time.process_time() - begun < 0.7


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "some words of a log, and more\n",
        "\\u0041",
        "\\",
        "%41",
        "%25",
        "a://",
        "http://u@",
        "password",
        "password=",
        'password="',
        'password",',
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "-----BEGIN ",
        "Bearer ",
        "\x1b",
        "&lt;",
        "--password ",
        "QUJD",
        "\r\n",
        " ",
        "a.",
        "token>",
        "canary",
        '"',
    ],
)
def test_the_cost_grows_with_the_length_alone(text: str) -> None:
    """Ten times the text takes about ten times as long, whatever it repeats; measured in time of this process."""
    secrets = [f"canary{number:034d}" for number in range(20)]

    def cost(length: int) -> float:
        long = (text * (length // len(text) + 1))[:length]
        begun = time.process_time()
        clean(long, secrets)
        return time.process_time() - begun

    least = min(cost(20_000) for _number in range(3))
    assert min(cost(200_000) for _number in range(2)) < 30 * max(least, 0.002)


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("no url, a=b", set()),
        ("see https://idp/x and stay", set()),
        ("https://user:p%40ss@idp/x", {"user:p%40ss", "user:p@ss", "p%40ss", "p@ss"}),
        ("https://token@idp/x", {"token"}),
        ("https://u:a@b@idp/x", {"u:a@b", "a@b"}),
        ("get https://idp/x?key=s+1&flag;z=q#frag=t now", {"s+1", "s 1", "flag", "q", "t"}),
        ("https://a/?x=1 'https://b/?y=2'", {"1", "2"}),
    ],
)
def test_the_secrets_of_urls(text: str, secrets: set[str]) -> None:
    assert url_secrets(text) == secrets


def test_values_that_hold_a_login_or_a_key_are_masked_whole() -> None:
    assert public_text("org.apache.x.PlainLoginModule required username=u;") == MASK
    assert public_text("-----BEGIN PRIVATE KEY-----\nMII") == MASK
    assert public_text("https://u:p@idp/x") == f"https://{MASK}@idp/x"
    assert public_text("30000") == "30000"


def test_a_command_is_shown_without_its_arguments() -> None:
    assert public_command("  supervisorctl -p secret restart x ") == f"supervisorctl {MASK}"
    assert public_command("restart") == "restart"


def test_line_ends_of_another_system_are_line_ends() -> None:
    assert clean("one\r\ntwo\rthree", ()) == "one\ntwo\\x0dthree"


def test_the_end_of_a_long_text_costs_no_more_than_a_short_one() -> None:
    secrets = {f"hunter2 number {number}" for number in range(8)}
    begun = time.process_time()
    for text in ("pass x\n" * 2_000_000, "pass" * 4_000_000):
        assert len(clean_end(text, secrets, 100)) <= 100
        assert public_text(text) == f"(a text of {len(text)} characters)"
    assert time.process_time() - begun < 3


def test_half_a_secret_at_the_cut_is_not_shown() -> None:
    secret = "hunter2" * 10_000
    assert "hunter2" not in clean_end(f"token {secret}\nlast line", {secret}, 2000)
    assert "hunter2" not in clean_end(f"token {secret} last", {secret}, 2000)
    assert clean_end(f"{'x ' * 100_000}\npassword=hunter2 end", (), 2000) == "password=******** end"
    assert clean_end("a short text", (), 4) == "text"
