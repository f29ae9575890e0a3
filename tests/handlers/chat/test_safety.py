import pytest

from channels.message import Selection, Visibility
from handlers.base import Handoff
from handlers.chat.safety import is_grave, matter, safety
from handlers.chat.texts import say


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("充电器起火了", "safety"),
        ("我被电到了手", "safety"),
        ("插座漏电", "safety"),
        ("手机爆炸，孩子受伤了", "safety"),
        ("用了面霜过敏", "safety"),
        ("吃坏肚子进医院了", "safety"),
        ("The charger caught fire", "safety"),
        ("my son was injured", "safety"),
        ("it exploded", "safety"),
        ("I got an electric shock", "safety"),
        ("再不处理我就报警", "serious"),
        ("我要起诉你们", "serious"),
        ("我会打12315", "serious"),
        ("去消协投诉", "serious"),
        ("找媒体曝光你们", "serious"),
        ("my lawyer will write to you, lawsuit follows", "serious"),
        ("I will call the police", "serious"),
        ("this is a scam", "serious"),
        ("see you in court", "serious"),
        ("I will sue you", "serious"),
        ("I'll post this on social media", "serious"),
        ("the battery burned my hand", "safety"),
        ("你们都是骗子", "anger"),
        ("垃圾平台", "anger"),
        ("气死我了", "anger"),
        ("this is ridiculous", "anger"),
        ("worst service ever", "anger"),
        ("必须赔偿我的损失", "money"),
        ("会赔偿我吗", "money"),
        ("退一赔三", "money"),
        ("马上给我退款", "money"),
        ("你们保证能退钱吗", "money"),
        ("退我 200 元", "money"),
        ("便宜50元我就买", "money"),
        ("give me my money back", "money"),
        ("I demand a full refund", "money"),
        ("you must compensate me", "money"),
    ],
)
def test_what_a_person_must_see_to(text, what):
    assert matter(text) == what


@pytest.mark.parametrize(
    "text",
    [
        "怎么退款",
        "支持七天无理由退款吗",
        "退款多久到账",
        "赔偿标准是什么",
        "what is your refund policy",
        "is there a money back guarantee",
        "手机充电到80%就停了",
        "订单号 9123159",
        "315元的那款",
        "press the button twice",
        "media player",
        "运费多少",
        "firewall settings",
        "怎么熄火",
        "a birthday gift for sue",
        "the best divorce lawyer in town",
        "how many calories does this burn",
        "我们法国的订单",
        "",
    ],
)
def test_what_the_bot_may_answer(text):
    assert matter(text) is None


def test_danger_is_graver_than_anger_and_money():
    assert matter("骗子，赔偿我，充电器着火了") == "safety"
    assert matter("骗子，我要起诉，赔钱") == "serious"


def test_only_people_and_the_law_are_grave():
    assert is_grave("漏电了")
    assert is_grave("我要起诉")
    assert not is_grave("骗子")
    assert not is_grave("赔钱")


@pytest.mark.parametrize(
    ("text", "key", "urgent"),
    [
        ("漏电了", "handoff_safety", True),
        ("我要报警", "handoff_serious", True),
        ("骗子", "handoff_serious", True),
        ("赔钱", "handoff_money", False),
    ],
)
async def test_a_person_is_called_and_the_customer_told(turn_of, text, key, urgent):
    outcome = await safety(turn_of(text))
    assert outcome.reply[0].text == say(key, "zh")
    assert Handoff(matter(text), urgent=urgent) in outcome.actions


async def test_in_public_no_details_are_asked(turn_of):
    outcome = await safety(turn_of("赔钱", visibility=Visibility.PUBLIC))
    assert outcome.reply[0].text == say("handoff_private", "zh")
    assert outcome.actions[0].reason == "money"


async def test_what_is_tapped_is_no_threat(turn_of):
    assert await safety(turn_of("", Selection(value="faq:1", label="漏电怎么办"))) is None


async def test_a_peaceful_message_goes_on(turn_of):
    assert await safety(turn_of("运费多少")) is None
