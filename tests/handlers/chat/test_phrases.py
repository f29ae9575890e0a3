import pytest

from handlers.chat import phrases


@pytest.mark.parametrize(
    "text",
    [
        "转人工",
        "人工",
        "人工！！！",
        "人工人工人工",
        "人工客服",
        "人工服务",
        "找客服",
        "客服",
        "在线客服",
        "真人",
        "我要真人客服",
        "来个真人",
        "来个人",
        "有人吗",
        "我要找人",
        "我要找个人跟我说",
        "帮我转接人工客服",
        "请帮我转一下人工",
        "接人工客服谢谢",
        "叫你们客服来",
        "怎么联系客服",
        "联系一下你们的客服",
        "我不想和机器人说话",
        "别用机器人糊弄我",
        "想和真人聊聊",
        "让人工处理",
        "我要人工，不要机器人",
        "转人工，你们几点上班都没人",
        "人工，尽快，我很急",
        "人工客服！在不在啊你们",
        "agent",
        "/human",
        "human please",
        "Talk to a human",
        "can I speak to someone?",
        "I want to talk to a real person",
        "connect me with an agent",
        "please transfer me to a representative",
        "customer service",
        "live agent",
        "I need an operator",
        "get me a human!",
        "I’d like to talk to customer support",
    ],
)
def test_a_person_is_asked_for(text):
    assert phrases.wants_human(text)


@pytest.mark.parametrize(
    "text",
    [
        "你们人工几点上班",
        "人工客服的工作时间",
        "客服电话是多少",
        "客服态度很好",
        "人工智能是什么",
        "别给我转人工",
        "不用转人工了",
        "不需要人工客服",
        "don't transfer me to an agent",
        "what are the customer service hours",
        "这款手机多少钱",
        "a table for four people",
        "",
        "。。。",
    ],
)
def test_no_person_is_asked_for(text):
    assert not phrases.wants_human(text)


@pytest.mark.parametrize(
    "text", ["菜单", "/help", "/start", "/start ref_1", "帮助", "MENU", "常见问题"]
)
def test_the_menu_is_asked_for(text):
    assert phrases.wants_menu(text)


@pytest.mark.parametrize("text", ["菜单上有什么菜", "请帮助我退货", "I need help with my order"])
def test_the_menu_is_not_asked_for(text):
    assert not phrases.wants_menu(text)


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("我要投诉", ""),
        ("投诉", ""),
        ("怎么投诉？", ""),
        ("我想投诉一下", ""),
        ("投诉！！！", ""),
        ("我要投诉，收到的杯子是碎的", "收到的杯子是碎的"),
        ("投诉你们快递员态度恶劣", "快递员态度恶劣"),
        ("complaint", ""),
        ("I want to complain about the broken cup", "the broken cup"),
        ("I want to make a complaint", ""),
        ("昨天买的杯子碎了我要投诉", "昨天买的杯子碎了我要投诉"),
    ],
)
def test_a_complaint_begins_with_what_was_said_beside_it(text, about):
    assert phrases.wants_to_complain(text)
    assert phrases.what_about(text) == about


@pytest.mark.parametrize(
    "text", ["我不是要投诉", "不想投诉", "取消投诉", "this is not a complaint", "我要买杯子"]
)
def test_who_does_not_complain_is_not_made_to(text):
    assert not phrases.wants_to_complain(text)


@pytest.mark.parametrize(
    "text",
    [
        "投诉进度",
        "查投诉",
        "查询一下我的投诉",
        "我的投诉怎么样了",
        "我的投诉处理得怎么样",
        "投诉处理好了吗",
        "投诉一直没人处理",
        "上次的投诉还没有回复",
        "进度",
        "progress",
        "status of my complaint",
        "what is my case status",
        "TS20261122-0001",
        "请查ts20261122-0001谢谢",
    ],
)
def test_progress_is_asked_for(text):
    assert phrases.wants_progress(text)


@pytest.mark.parametrize(
    "text",
    ["我要投诉", "投诉你们处理太慢", "订单 20261122-0001", "物流进度条不动", "xts20261122-0001"],
)
def test_progress_is_not_asked_for(text):
    assert not phrases.wants_progress(text)


def test_a_ticket_number_is_read_in_any_case():
    assert phrases.ticket_number("查 ts20261122-0012。") == "TS20261122-0012"
    assert phrases.ticket_number("ＴＳ20261122-0012") == "TS20261122-0012"
    assert phrases.ticket_number("TS20261122-00123456789") is None


@pytest.mark.parametrize("sign", ["!", "投", "嗯", " ", "我要", "a ", "不要", "查", "\u0300"])
def test_long_hostile_texts_are_read_quickly(sign):
    text = sign * 200_000 + "x"
    for question in (
        phrases.wants_human,
        phrases.wants_menu,
        phrases.wants_progress,
        phrases.wants_to_complain,
    ):
        assert question(text) in (True, False)


@pytest.mark.parametrize(
    "text",
    [
        "我不想填这个了，请直接帮我转接人工客服处理这件事情，谢谢",
        "说了这么多你都不懂，给我转人工，我没有时间和你耗下去了",
        "I have told you three times already, please let me talk to a real person",
    ],
)
def test_even_a_long_story_can_ask_for_a_person(text):
    assert phrases.demands_human(text)


@pytest.mark.parametrize(
    "text",
    [
        "我联系人工客服三次都没有人回复我，而且快递把箱子摔坏了，非常不满意",
        "The agent on the phone was rude and hung up on me twice yesterday",
    ],
)
def test_a_story_about_people_asks_for_nobody(text):
    assert not phrases.demands_human(text)


@pytest.mark.parametrize(
    "text",
    [
        "start the timer",
        "can I get a spare card for someone else to use?",
        "an uber for one person please",
        "would you call yourself a human",
        "have someone look at my engine",
    ],
)
def test_ordinary_questions_are_no_commands(text):
    assert not phrases.wants_menu(text)
    assert not phrases.wants_human(text)
