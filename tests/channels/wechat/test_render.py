import pytest

from channels.message import Card, Choice, Choices, Text
from channels.wechat.render import bodies


def choices(count=2, *, prompt="哪一个？", value="v", label="选项"):
    options = tuple(Choice(value=f"{value}{n}", label=f"{label}{n}") for n in range(count))
    return Choices(prompt=prompt, options=options)


def kinds(*parts):
    return [body["msgtype"] for body in bodies(parts)]


def test_text_around_a_menu_keeps_its_order():
    before, after = Text(text="之前"), Text(text="之后")
    menu, text = bodies((before, choices(), after))
    assert menu["msgmenu"]["head_content"] == "之前\n哪一个？"
    assert text == {"msgtype": "text", "text": {"content": "之后"}}


CARD = Card(title="退货", url="https://shop.example/r", picture="https://shop.example/r.jpg")


def test_a_card_is_news_of_one_article():
    (news,) = bodies((CARD,))
    article = {
        "title": "退货",
        "description": "",
        "url": "https://shop.example/r",
        "picurl": "https://shop.example/r.jpg",
    }
    assert news == {"msgtype": "news", "news": {"articles": [article]}}
    assert kinds(CARD, CARD) == ["news", "news"]


def test_a_card_parts_no_words_from_their_menu():
    menu, card = bodies((Text(text="七天内可以退。"), CARD, choices()))
    assert menu["msgmenu"]["head_content"] == "七天内可以退。\n哪一个？"
    assert card["msgtype"] == "news"
    assert kinds(Text(text="前"), CARD, Text(text="后"), choices()) == ["text", "news", "msgmenu"]


def test_a_long_text_before_a_menu_goes_ahead_of_it():
    assert kinds(Text(text="长" * 600), choices()) == ["text", "msgmenu"]


@pytest.mark.parametrize(
    "part",
    [
        choices(11),
        choices(0),
        choices(prompt="长" * 400),
        choices(prompt=""),
        choices(label="长" * 50),
        choices(value="v" * 64),
    ],
)
def test_a_menu_that_does_not_fit_is_a_numbered_list(part):
    assert set(kinds(Text(text="请选"), part)) == {"text"}


def test_no_text_is_longer_than_2048_bytes_nor_cut_inside_a_character():
    pieces = [body["text"]["content"] for body in bodies((Text(text="长" * 2000),))]
    assert max(len(piece.encode()) for piece in pieces) <= 2048
    assert "".join(pieces) == "长" * 2000
