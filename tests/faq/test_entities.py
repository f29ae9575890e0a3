import pytest

from faq.config import FaqConfig
from faq.entities import contradicts, named
from faq.matcher import Band, Entry
from faq.normalize import normalize


@pytest.mark.parametrize(
    ("asked", "listed"),
    [
        ("可以用支付宝付款吗", "可以用微信支付吗"),
        ("can i pay by paypal", "do you take visa"),
        ("寄到新疆运费多少", "寄到北京运费多少"),
        ("do you ship to canada", "Do you ship to the UK?"),
        ("A1203怎么安装", "A1204怎么安装"),
        ("iPhone 15 的保修", "iPhone 14 保修多久"),
        ("满200元有什么优惠", "满100元有什么优惠"),
        ("is delivery free over $20", "Is delivery free over $50?"),
        ("42码还有吗", "43码还有吗"),
        ("订单 20261122001 到哪了", "订单 20261122002 到哪了"),
        ("do you have it in red", "do you have it in blue"),
        ("你们发顺丰吗", "发圆通吗"),
        ("社保卡怎么激活", "信用卡如何激活"),
        ("can I connect Jira", "How do I connect Slack?"),
    ],
)
def test_another_thing_of_the_same_kind_contradicts(asked, listed):
    assert contradicts(named(normalize(asked)), [normalize(listed)])


@pytest.mark.parametrize(
    ("asked", "listed"),
    [
        ("可以用支付宝付款吗", "怎么付款"),
        ("怎么付款", "可以用微信支付吗"),
        ("寄到美国运费多少", "do you ship to the united states"),
        ("iphone15 保修", "iPhone 15 保修多久"),
        ("last 30 days", "next 7 days"),
        ("红包怎么用", "白条怎么用"),
        ("我7天前买的还能退吗", "7 天无理由退货"),
        ("it costs 20 dollars", "how much is it, 20 dollars?"),
        ("我的订单 20261122001 到哪了", "我的订单到哪了"),
    ],
)
def test_what_is_the_same_or_speaks_of_all_does_not(asked, listed):
    assert not contradicts(named(normalize(asked)), [normalize(listed)])


EASY = FaqConfig(answer_threshold=0.1, suggest_threshold=0.05)


@pytest.mark.parametrize(
    ("question", "another", "same"),
    [
        ("北京门店的地址在哪里", "上海门店的地址在哪里", "北京门店的地址"),
        ("How do I reset model X200?", "how do i reset model X300", "how to reset model X200"),
    ],
)
def test_an_entry_about_another_thing_is_suggested_at_most(make_matcher, question, another, same):
    matcher = make_matcher((Entry("one", question), Entry("two", "几点开门")), EASY)
    decision = matcher.decide(another)
    assert (decision.band, decision.route) == (Band.SUGGEST, "entity")
    assert decision.candidates[0].entry.id == "one"
    assert matcher.decide(same).band is Band.ANSWER
