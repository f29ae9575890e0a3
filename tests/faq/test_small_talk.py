import pytest

from faq.small_talk import small_talk


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("你好", "greeting"),
        ("您好！", "greeting"),
        ("你好，在吗？", "greeting"),
        ("嗨😊", "greeting"),
        ("早", "greeting"),
        ("Hi there", "greeting"),
        ("good morning!", "greeting"),
        ("What's up?", "greeting"),
        ("谢谢", "thanks"),
        ("好的，谢谢你", "thanks"),
        ("非常感謝！", "thanks"),
        ("嗯嗯", "thanks"),
        ("OK", "thanks"),
        ("thanks a lot for your help", "thanks"),
        ("亲 在吗 谢谢", "thanks"),
        ("再见", "bye"),
        ("好的 谢谢 拜拜", "bye"),
        ("hello, thanks, bye", "bye"),
        ("你是机器人吗", "robot"),
        ("你好，请问你是真人还是机器人啊", "robot"),
        ("你是谁", "robot"),
        ("Are you a robot?", "robot"),
        ("hi, am I talking to a real person?", "robot"),
    ],
)
def test_manners_are_heard_and_the_one_that_wants_an_answer_most_is_told(text, kind):
    assert small_talk(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "你好，运费多少",
        "谢谢，那运费多少",
        "好的我要投诉",
        "在哪里退货",
        "好评返现",
        "早上几点开门",
        "拜托快点发货",
        "hi, where is my order",
        "ok but how",
        "thanks, but it is broken",
        "are you open on sunday",
        "are you a member of the trade association",
        "history",
        "okapi",
        "你们的机器人怎么卖",
        "",
        "😀",
        "？",
    ],
)
def test_what_says_more_than_manners_is_none(text):
    assert small_talk(text) is None


@pytest.mark.parametrize("sign", ["你好", "hi ", "谢", "a", "好的", " ", "你是"])
def test_a_very_long_text_is_no_manners(sign):
    assert small_talk(sign * 100_000) is None
