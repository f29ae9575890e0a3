from __future__ import annotations

from email import message_from_bytes

import pytest

from channels.email.charsets import decode
from channels.email.headers import Heads, decoded, usable


def person(value: bytes):
    return Heads.of(message_from_bytes(b"From: " + value + b"\r\n\r\n")).person("from")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"Han@Customer.Example", ("han@customer.example", None)),
        (b"Han Mei <han@b.example>", ("han@b.example", "Han Mei")),
        (b'"Mei, Han" <han@b.example>', ("han@b.example", "Mei, Han")),
        (b'"a@evil.example" <han@b.example>', ("han@b.example", "a@evil.example")),
        (b'"x <a@evil.example>" <han@b.example>', ("han@b.example", "x <a@evil.example>")),
        (b"han@b.example (Han)", ("han@b.example", None)),
        (b"a@b.example, c@d.example", ("a@b.example", None)),
        (b"=?utf-8?B?6Z+p5qKF?= <han@b.example>", ("han@b.example", "韩梅")),
        ("韩梅 <han@b.example>".encode("gbk"), ("han@b.example", "韩梅")),
        ("han@例子.example".encode(), None),
        (b"undisclosed-recipients:;", None),
        (b"<>", None),
        (b"", None),
        (b"a@b..example", None),
        (b"@b.example", None),
    ],
)
def test_who_is_meant_by_a_header(value, found):
    assert person(value) == found


@pytest.mark.parametrize(
    ("address", "on_the_wire"),
    [
        ("A.b+c@X.example", "a.b+c@x.example"),
        ("a@例子.example", "a@xn--fsqu00a.example"),
        ("a@-x.example", None),
        ("a b@x.example", None),
        ("a@x.example\r\nRCPT", None),
        ("韩@x.example", None),
        ("a" * 65 + "@x.example", None),
    ],
)
def test_only_what_can_stand_on_the_wire_is_an_address(address, on_the_wire):
    assert usable(address) == on_the_wire


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?a_b=3D?=", "a b="),
        ("=?utf-8?B?5L2g?= =?utf-8?B?5aW9?=", "你好"),
        ("=?utf-8?B?5L2g?= and =?utf-8?B?5aW9?=", "你 and 好"),
        ("=?gbk?B?xOM=?= =?utf-8?B?5aW9?=", "你好"),
        ("=?utf-8*zh?B?5L2g?=", "你"),
        ("=?x-none?B?5L2g?=", "你"),
        ("=?utf-8?B?!!!?=", ""),
        ("=?utf-8?X?a?=", "=?utf-8?X?a?="),
        ("a\tb\x00c\x1b[0m", "a bc [0m"),
    ],
)
def test_a_header_is_read_as_it_was_meant(value, text):
    assert decoded(value) == text


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        ("朱镕基".encode("gbk"), "gb2312", "朱镕基"),
        ("𠮷".encode("gb18030"), "GB2312", "𠮷"),
        ("“x”".encode("cp1252"), "iso-8859-1", "“x”"),
        ("退款".encode(), "us-ascii", "退款"),
        ("退款".encode("gbk"), None, "退款"),
        ("退款".encode("gbk"), "utf-8", "退款"),
        (b"+ADw-", "utf-7", "+ADw-"),
        (b"616263", "hex", "616263"),
        (b"xn--a", "punycode", "xn--a"),
        (b"\\ud800", "unicode_escape", "\\ud800"),
        (b"\xff\xfe\xfd\x81", "utf-8", "\ufffd" * 4),
    ],
)
def test_bytes_are_read_by_a_known_charset_or_by_looking(data, charset, text):
    assert decode(data, charset) == text
