import pytest

from channels.slack.markup import escape, mentions, plain, unescape

BOT = frozenset({"UBOT0001"})


@pytest.mark.parametrize("text", ["", "a & b <c>", "&amp;", "&lt;!channel&gt;", "退款 <@U1>"])
def test_what_is_escaped_reads_as_it_was(text):
    assert unescape(escape(text)) == text
    assert plain(escape(text)) == text
    assert "<" not in escape(text)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<https://a.example/?x=1&amp;y=2>", "https://a.example/?x=1&y=2"),
        ("<https://a.example|a.example>", "a.example"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("<mailto:a@b.example>", "a@b.example"),
        ("<tel:+8613800000000|13800000000>", "13800000000"),
        ("<@U1>", "@U1"),
        ("<@U1|li.lei>", "@li.lei"),
        ("<#C1|general>", "#general"),
        ("<#C1>", "#C1"),
        ("<!here>", "@here"),
        ("<!subteam^S1|@agents>", "@agents"),
        ("<!date^1700000000^{date}|15 Nov>", "15 Nov"),
        ("hi <@UBOT0001> there", "hi  there"),
        ("<@UBOT0001|yingda> hi", "hi"),
        ("1 < 2 and <", "1 < 2 and <"),
        ("<>", ""),
        ("<" * 50_000, "<" * 50_000),
    ],
)
def test_what_a_person_reads(written, read):
    assert plain(written, hidden=BOT) == read


def test_who_is_called_by_name():
    assert mentions("hi <@UBOT0001>", BOT)
    assert mentions("hi <@UBOT0001|yingda>", BOT)
    assert not mentions("hi <@UBOT00012> &lt;@UBOT0001&gt; @UBOT0001", BOT)
    assert not mentions("hi <@UBOT0001>", frozenset())
