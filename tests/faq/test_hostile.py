"""Texts that no customer means, and wishes that are denied: never a confident wrong answer."""

import pytest

from faq.config import FaqConfig
from faq.denials import is_negated
from faq.encoder import CachedEncoder, load
from faq.hybrid import HybridMatcher
from faq.matcher import Band, Entry

ENGLISH = (
    Entry("return", "How do I return an item?", ("return my order", "i want to send it back")),
    Entry("refund", "When do I get my refund?", ("where is my money", "refund status")),
    Entry("cancel", "How do I cancel my order?", ("cancel an order", "please cancel it")),
    Entry("close", "How do I close my account?", ("delete my account", "account closing")),
    Entry("block", "How do I block my card?", ("freeze my card", "card blocking")),
    Entry("ship", "How much is shipping?", ("delivery cost", "shipping fee")),
)
CHINESE = (
    Entry("return", "如何申请退货", ("怎么退货", "我要退货")),
    Entry("refund", "退款什么时候到账", ("我要退款", "退款进度")),
    Entry("cancel", "怎么取消订单", ("我要取消订单", "取消订单")),
    Entry("close", "怎么注销账号", ("注销账户", "删除账号")),
    Entry("invoice", "怎么开发票", ("我要开发票", "开票")),
    Entry("ship", "运费怎么算", ("邮费多少", "快递费")),
)
EASY = FaqConfig(answer_threshold=0.3, suggest_threshold=0.05, strict_answer_threshold=0.3)
SAFE = FaqConfig()
BASES = {"en": ENGLISH, "zh": CHINESE}


@pytest.fixture(scope="module", params=["words", "meaning"])
def matcher_of(request, tokens):
    """A matcher over each base, with words alone and with the sentence encoder."""
    encoder = None
    if request.param == "meaning":
        loaded = load()
        if loaded is None:
            pytest.skip("needs the extra `semantic`")
        encoder = CachedEncoder(loaded)
    made = {
        (language, config is SAFE): HybridMatcher.build(entries, config, tokens, encoder)
        for language, entries in BASES.items()
        for config in (SAFE, EASY)
    }
    return lambda language, config: made[language, config is SAFE]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "text",
    [
        "the weather is fine today and so are we. " * 500,
        "今天天气很好我们去公园散步吧" * 1500,
        "a" * 10_000,
        "退" * 10_000,
        "?" * 10_000,
        "1" * 10_000,
        "\u0301" * 10_000,
        "\u200b" * 10_000,
        "a b " * 5_000,
        "，。" * 10_000,
        "😀😂🙏",
        "👍🏽" * 3_000,
        "[微笑][流泪]",
        "",
        " ",
        "\n\n\t",
        "\x00",
        "<script>alert(1)</script>",
        "'; DROP TABLE message; --",
        "\ud800",
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_what_nobody_asks_is_not_answered(matcher_of, language, text):
    decision = matcher_of(language, SAFE).decide(text)
    assert decision.band is not Band.ANSWER
    assert decision.route != "error"
    assert len(decision.normalized) <= 500


@pytest.mark.parametrize("language", ["en", "zh"])
def test_two_equal_entries_are_both_suggested(make_matcher, language):
    first = BASES[language][0]
    twin = Entry("twin", first.question, first.similar_questions)
    matcher = make_matcher((*BASES[language], twin), EASY)
    for text in (first.question, first.question + " please", *first.similar_questions):
        decision = matcher.decide(text)
        assert decision.band is Band.SUGGEST
        assert {c.entry.id for c in decision.candidates[:2]} == {"return", "twin"}


DENIED = {
    "zh": (
        "我不想退货",
        "我不是要退货",
        "我没有要退货",
        "别给我退货",
        "不用退款了",
        "我不打算取消订单",
        "不要取消我的订单",
        "请勿取消订单",
        "暂时不取消订单",
        "先不退货",
        "我不準備註銷賬號",
        "不考虑注销账号",
        "不需要开发票",
        "发票不用开",
        "我没想退款",
        "千万别注销账号",
        "我不愿意退货",
        "不急着退款",
        "不再申请退货",
        "又不是要开发票",
        "没打算退货",
        "无需开票",
        "不开发票",
        "我不退货",
        "取消订单这个我不要",
        "退货就不必了",
        "发票免了",
        "退货算了吧",
        "我没有取消订单",
        "我可没让你们取消订单",
        "没申请退款",
        "谁说我要退货了",
        "我什么时候说要退款了",
        "我拒绝退货",
        "这个订单不取消了",
        "東西我留著，不退貨",
        "千万不能取消我的订单",
        "取消订单？没有的事",
        "谁要退货了",
        "我哪里说要退货",
        "退啥货啊，我很满意",
        "退货？算了吧",
        "退货的事先放一放",
        "退货暂缓",
        "我放弃退货",
        "撤回退货申请",
        "退货申请帮我撤掉",
        "申请退货是我点错了",
        "不小心点了退款",
        "取消订单是不可能的",
        "没必要退货",
        "发票我用不着",
        "收货地址别动",
    ),
    "en": (
        "I don't want to return an item",
        "I do not want to return my order",
        "I don’t want you to cancel my order",
        "please don't cancel it",
        "do not cancel my order",
        "never cancel an order",
        "I am not trying to cancel my order",
        "I'm not asking for a refund",
        "I did not ask to close my account",
        "I don't intend to close my account",
        "I'd rather not close my account",
        "no need to block my card",
        "don't block my card",
        "I never wanted to block my card",
        "I wouldn't want to freeze my card",
        "I'm not interested in card blocking",
        "not going to return my order",
        "I no longer want to return an item",
        "I am not looking to delete my account",
        "I don't actually want to cancel an order",
        "I don't plan to return my order",
        "I didn't mean to cancel my order",
        "I refuse to return my order",
        "stop cancelling my order",
        "no refund needed",
        "don't bother with the return",
        "I have no intention of returning my order",
        "I decided against returning an item",
        "hold off on the return",
        "nobody asked you to cancel my order",
        "who said I want to return an item",
        "stop the cancellation",
        "I clicked cancel by accident, keep my order",
        "the return request was a mistake, ignore it",
        "I haven't asked you to delete my account",
        "I'd rather keep it than return it",
        "leave my account as it is",
    ),
}


@pytest.mark.parametrize(
    ("language", "text"), [(code, text) for code in sorted(DENIED) for text in DENIED[code]]
)
def test_what_is_denied_is_never_answered_for_sure(matcher_of, language, text):
    assert matcher_of(language, EASY).decide(text).band is not Band.ANSWER


@pytest.mark.parametrize(
    "text",
    [
        "先别给我销卡",
        "我不要分期",
        "别给我提额",
        "不用给我挂失了，卡找到了",
        "我没打算携号转网",
        "我不想销户了",
        "I'm not cancelling anything",
        "we are not closing our account",
        "I’m not after a refund",
    ],
)
def test_a_bank_a_carrier_and_a_subscription_are_denied_like_a_shop(text):
    assert is_negated(text)


@pytest.mark.parametrize("text", ["我自己装，不用师傅", "用不着你们上门", "无需延保"])
def test_who_does_not_need_something_denies_it_whatever_it_is(text):
    assert is_negated(text)


@pytest.mark.parametrize(
    "text",
    [
        "不退款怎么办",
        "店家一直不发货",
        "是不是退货",
        "要不要退运费",
        "用不用预约安装",
        "需不需要发票",
        "不开发票可以吗",
        "不换货？",
        "我要退货不要了",
        "怎么退货不要了",
        "退货运费怎么算",
        "买的东西不要了",
        "没有说明书怎么安装",
        "不用手机号能注册吗",
        "不用的耳机怎么回收",
        "不安装能用吗",
        "不能退货",
        "我没有收到发票",
        "你们什么时候让我退货",
        "商家拒绝退款",
        "退货运费谁要出",
        "why did you stop the refund",
        "there is no refund yet",
        "the seller refused to refund",
        "这号不用了 帮我注销",
        "手机号不要了想过户",
        "我不是会员能开通吗",
        "不需要密码就能挂失吗",
        "why am I not getting a refund",
        "I am not receiving my refund",
        "怎么撤回退货申请",
        "放弃退货会怎样",
        "误点了确认收货怎么办",
        "手滑多拍了一件，申请退款",
        "点错了规格，能换吗",
        "哪里有说明退货政策",
        "取消订单不可能吗",
        "谁要付退货运费",
        "没必要这么久吧还没退款",
        "东西还要多久到",
        "how do i undo my cancellation",
        "can I return without a receipt",
        "a refund instead of a replacement",
        "nobody delivered my order",
        "I ordered by mistake, please cancel",
        "I'll keep it short: refund please",
        "I don't need my subscription anymore",
    ],
)
def test_a_question_or_a_complaint_with_a_no_in_it_denies_nothing(text):
    assert not is_negated(text)


@pytest.mark.parametrize(
    ("language", "text", "entry"),
    [
        ("zh", "不想要了怎么退货", "return"),
        ("zh", "不喜欢怎么退货", "return"),
        ("zh", "别人送的怎么退货", "return"),
        ("zh", "用不了怎么申请退货", "return"),
        ("en", "it does not fit, how do i return an item", "return"),
        ("en", "i have not got it, when do i get my refund", "refund"),
    ],
)
def test_a_no_that_is_the_reason_denies_nothing(make_matcher, language, text, entry):
    decision = make_matcher(BASES[language], EASY).decide(text)
    assert decision.candidates[0].entry.id == entry
    assert decision.route != "negated"
