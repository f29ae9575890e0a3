import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.message import Choice, Choices, Location, Media, Text
from handlers.personal import masked, personal


def kinds(text: str) -> set[str]:
    return set(personal((Text(text=text),)))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("phone", "请打13812345678"),
        ("phone", "138 1234 5678"),
        ("phone", "138-1234-5678"),
        ("phone", "１３８１２３４５６７８"),
        ("phone", "1\u200b3812345678"),
        ("phone", "一三八一二三四五六七八"),
        ("phone", "幺三八幺二三四五六七八"),
        ("phone", "+86 138 1234 5678"),
        ("phone", "021-62345678"),
        ("phone", "0755 8234 5678"),
        ("phone", "call +44 20 7946 0958"),
        ("phone", "您的电话是 6234567 吗"),
        ("email", "write to Ming.Li@example.com"),
        ("email", "ming＠example。com".replace("。", ".")),
        ("email", "ming @ example.com"),
        ("id_card", "身份证11010519491231002X"),
        ("id_card", "110105194912310021".replace("0021", "002x")),
        ("bank_card", "卡号6222 0212 3456 7890 128"),
        ("bank_card", "4111111111111111"),
        ("order", "订单号：20261127001"),
        ("order", "您的订单 A-8832917 已发货"),
        ("order", "order number 5550123"),
        ("order", "投诉 TS20261127-0001 已受理"),
        ("order", "SF1234567890123"),
        ("order", "运单号是 987654"),
        ("order", "202611270000123"),
        ("address", "送到人民路88号"),
        ("address", "3栋2单元501室"),
        ("address", "阳光花园12栋"),
        ("address", "12 Long Acre Street"),
        ("account", "微信号：ming_1988"),
        ("account", "验证码是 4821"),
        ("account", "your password is hunter2"),
    ],
)
def test_what_looks_like_somebodys_own_is_seen(kind, text):
    assert kind in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "您好，签收后 7 天内可以无理由退货，运费由我们承担。",
        "客服热线 400-123-4567，投诉 12315，银行 95588",
        "800-820-8820",
        "活动时间 2026-11-27 至 2026-12-03，满 300 减 50。",
        "订单在 2026-11-27 之前发货，共 3 件，合计 1299.00 元",
        "型号 X100-2048，容量 500ml，价格 129 元",
        "请私信告诉我们订单号和电话，不要在这里公开。",
        "We ship within 48 hours; returns are free for 30 days.",
        "门店在人民广场地铁站旁边，每天 10:00-22:00",
        "https://shop.example.com/help/returns?from=weibo",
        "@云杉生活 谢谢",
        "身份证号不用发给我们",
        "编号规则见说明书第 12 页",
        "",
    ],
)
def test_what_everybody_may_read_passes(text):
    assert kinds(text) == set()


def test_an_id_card_needs_its_check_sign_to_be_one():
    assert "id_card" in kinds("11010519491231002X")
    assert "id_card" not in kinds("110105194912310029")


def test_a_bank_card_needs_its_check_digit_to_be_one():
    assert "bank_card" in kinds("4111111111111111")
    assert "bank_card" not in kinds("4111111111111112")


def test_labels_names_and_places_are_read_as_well():
    choices = Choices(prompt="?", options=(Choice(value="1", label="13812345678"),))
    place = Location(latitude=0, longitude=0, label="人民路88号")
    file = Media(kind="file", ref="r", name="13812345678.pdf")
    assert personal((choices, place, file)) == ("phone", "address")
    assert personal((Media(kind="image", ref="13812345678"),)) == ()


@settings(max_examples=100)
@given(st.text(alphabet="1８-. 零一\u200b@路号a单x", max_size=300))
def test_no_text_breaks_it(text):
    assert kinds(text) is not None


def test_a_long_text_is_read_quickly_enough_to_its_end():
    assert kinds("1 " * 5000 + "a" * 9000 + "@") is not None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("我的手机 138 1234 5678 收不到短信", "我的手机 ••• 收不到短信"),
        ("订单SF1234567890123到哪了", "订单•••到哪了"),
        ("write to ming@example.com please", "write to ••• please"),
        ("我是小明，怎么退货", "我是•••，怎么退货"),
        ("７天内能退吗", "７天内能退吗"),
        ("电话１３８１２３４５６７８", "电话•••"),
        ("送到人民路88号要几天", None),
        ("微信号：ming_1988", None),
    ],
)
def test_what_others_may_read_of_a_text(text, shown):
    assert masked(text, ["小明"]) == shown
