import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.normalize import is_courtesy, normalize


@pytest.mark.parametrize(
    ("raw", "form"),
    [
        ("退款進度在哪裡查？？", "退款进度在哪里查"),
        ("ＡＢＣ１２３　怎麼用", "abc123 怎么用"),
        ("😭😭退款多久[流泪][Smile]", "退款多久"),
        ("❤️✅ 1️⃣ 👨‍👩‍👧 🇨🇳 ok :smile:", "1 ok"),
        ("退 款 多 久 到 账", "退款多久到账"),
        ("亲 在吗 我想问下 怎么退货 谢谢", "怎么退货"),
        ("你好！请问一下，包邮吗？谢谢啦~", "包邮吗"),
        ("Hello there, could you please tell me how to return? Thanks!", "how to return"),
        ("please help me cancel my order", "help me cancel my order"),
        ("how do I use a coupon please", "how do i use a coupon"),
        ("客服工作时间", "客服工作时间"),
        ("亲子装有货吗", "亲子装有货吗"),
        ("呢绒大衣", "呢绒大衣"),
        ("iPhone 15 Pro-Max 9.9元!!!", "iphone 15 pro-max 9.9元"),
        ("满100-20？", "满100-20"),
        ("你好", "你好"),
        ("", ""),
        ("？？？", ""),
        ("😀", ""),
        ("\ud800退货\x00怎么办", "退货怎么办"),
        ("\u202e退\u200b货", "退货"),
    ],
)
def test_texts_that_mean_the_same_look_the_same(raw, form):
    assert normalize(raw) == form


@pytest.mark.parametrize(
    "raw", ["你好", "在吗？", "谢谢！", "hi", "Thank you very much", "哈喽 在吗"]
)
def test_greetings_and_thanks_are_courtesies(raw):
    assert is_courtesy(raw)


@pytest.mark.parametrize("raw", ["你好 退货", "", "？", "包邮吗"])
def test_a_matter_is_no_courtesy(raw):
    assert not is_courtesy(raw)


@given(st.text(max_size=300))
def test_any_text_is_normalised_without_raising_and_stays_so(raw):
    form = normalize(raw)
    assert len(form) <= 500
    assert form == form.strip()


@pytest.mark.parametrize("piece", ["亲", "你好 ", "谢", "[a", ":", "嗨", "а́", "1 ", "退 "])
def test_a_very_long_text_is_capped(piece):
    assert len(normalize(piece * 20_000)) <= 500
