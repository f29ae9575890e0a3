from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.markup import to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("a  \n b&nbsp;c", "a b c"),
        ("<pre>a\n  b\n\nc</pre>", "a\n  b\n\nc"),
        ("<table><tr><td>a<td>b</tr><tr><td>c</table>", "a b\nc"),
        ("<ol><li>a</li><li>b</li></ol>", "- a\n- b"),
        ("a<hr>b", "a\n----------\nb"),
        ("<blockquote>old<br>older</blockquote>new", "> old\n> older\n\nnew"),
        ("&lt;script&gt;", "<script>"),
        ("<a href='https://x.example/'>x.example</a>", "x.example"),
        ("<a href='https://x.example/a'>here</a>", "here (https://x.example/a)"),
        ("<a href='https://x.example/a'></a>", "https://x.example/a"),
        ("<a href='mailto:a@b.example'>a@b.example</a>", "a@b.example"),
        ("<a href=' javascript:alert(1)'>here</a>", "here"),
        ("<a href='data:text/html,x'>here</a>", "here"),
        ("<img src='x' alt='a chair'>", "[a chair]"),
        ("<img src='http://t.example/x' alt='spy' width='1px'>", ""),
    ],
)
def test_a_page_is_told_in_words(html, text):
    assert to_text(html) == text


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>x</script>",
        "<style>x</style>",
        "<title>x</title>",
        "<div style='display: none'>x</div>",
        "<div style='color:red;VISIBILITY:hidden'><b>x</b></div>",
        "<span style='font-size:0'>x</span>",
        "<span style='opacity:0;'>x</span>",
        "<p hidden>x</p>",
        "<svg><text>x</text></svg>",
        "<!-- x -->",
        "<!--[if mso]>x<![endif]-->",
        "<div style='max-height:0px;overflow:hidden'>x<div>x</div>x</div>",
    ],
)
def test_what_nobody_sees_is_not_read(hidden):
    assert to_text(f"seen {hidden}too").split() == ["seen", "too"]


def test_half_transparent_and_small_print_is_read():
    html = "<p style='opacity:0.5;font-size:0.8em'>small print</p>"
    assert to_text(html) == "small print"


@given(st.lists(st.sampled_from(
    ["<p>", "</p>", "<div style='display:none'>", "</div>", "<a href='http://x'>", "</a>", "<!--",
     "-->", "<", ">", "text", "<li>", "<pre>", "</pre>", "&#0;", "&#xD800;", "<blockquote>",
     "</blockquote>", "<br>", "\n", "<![CDATA[", "<?x", "\0", "<script>", "</script>"]
), max_size=40))  # fmt: skip
def test_nothing_surprises_it(bits):
    assert isinstance(to_text("".join(bits)), str)
