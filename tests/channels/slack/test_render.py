from channels.message import Choice, Choices, Media, Selection, Text
from channels.slack.markup import unescape
from channels.slack.render import TEXT_LIMIT, Post, fits, render

YES = Choice(value="y", label="是 <&>")


def choices(count=2, prompt="哪一个？", value="v", label="选项"):
    options = tuple(Choice(value=f"{value}{n}", label=f"{label}{n}") for n in range(count))
    return Choices(prompt=prompt, options=options)


def test_texts_in_a_row_share_a_post():
    assert render((Text(text="您好"), Text(text="a < b & c"))) == (Post("您好\na &lt; b &amp; c"),)


def test_nothing_to_say_is_no_post():
    assert render(()) == ()
    assert render((Text(text=""),)) == ()


def test_choices_are_buttons_with_the_question_above():
    (post,) = render((Choices(prompt="有帮助吗 <b>?", options=(YES,)),))
    assert post.text == "有帮助吗 &lt;b&gt;?"
    section, actions = post.blocks
    assert section["text"] == {"type": "plain_text", "text": "有帮助吗 <b>?", "emoji": False}
    assert actions["elements"] == [
        {
            "type": "button",
            "action_id": "choice:0",
            "text": {"type": "plain_text", "text": "是 <&>", "emoji": False},
            "value": "y",
        }
    ]


def test_parts_keep_their_order_around_buttons():
    posts = render((Text(text="1"), choices(prompt="2"), Selection(value="3"), Text(text="4")))
    assert [post.text for post in posts] == ["1\n2", "3\n4"]
    assert [bool(post.blocks) for post in posts] == [True, False]


def test_an_answer_and_its_question_arrive_together():
    (post,) = render((Text(text="a < b"), choices(prompt="Did this help?")))
    kinds = [block["type"] for block in post.blocks]
    assert (post.text, kinds) == ("a &lt; b\nDid this help?", ["section", "section", "actions"])


def test_a_long_text_is_posted_before_the_buttons():
    posts = render((Text(text="x" * 3000), choices(prompt="?")))
    assert [post.text for post in posts] == ["x" * 3000, "?"]
    assert [bool(post.blocks) for post in posts] == [False, True]


def test_no_post_is_larger_than_slack_takes():
    lead, question = Text(text="&" * 500), choices(5, prompt="x" * 400, value="v" * 1999)
    posts = render((lead, question))
    assert [bool(post.blocks) for post in posts] == [True]
    posts = render((Text(text="字" * 1500), choices(5, prompt="x" * 400, value="v" * 1999)))
    assert [bool(post.blocks) for post in posts] == [False, True]


def test_a_file_stands_between_what_is_said_around_it():
    picture = Media(kind="image", ref="media:1")
    posts = render((Text(text="1"), picture, Text(text="2"), choices(prompt="3")))
    assert [post if post is picture else post.text for post in posts] == ["1", picture, "2\n3"]


def test_choices_that_slack_would_refuse_are_a_numbered_list():
    assert fits(choices(25, prompt="x" * 3000, value="v" * 8, label="l" * 73))
    assert fits(choices(4, prompt="x" * 3000, value="v" * 1999, label="l" * 74))
    for unfit in (
        choices(26),
        choices(0),
        choices(prompt="x" * 3001),
        choices(prompt=" "),
        choices(label="l" * 75),
        choices(value="v" * 2000),
        choices(25, prompt="x" * 3000, value="v" * 1998, label="l" * 73),
        Choices(prompt="?", options=(Choice(value="v", label=" "),)),
        Choices(prompt="?", options=(Choice(value="", label="l"),)),
    ):
        assert not fits(unfit)
        assert all(not post.blocks for post in render((unfit,)))


def test_a_text_is_cut_before_it_is_escaped_and_never_too_long():
    text = "&<>" * 4000
    posts = render((Text(text=text),))
    assert all(len(post.text) <= TEXT_LIMIT for post in posts)
    assert "".join(unescape(post.text) for post in posts) == text
