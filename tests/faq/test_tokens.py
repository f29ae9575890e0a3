import stat

import pytest

from faq import tokens as module
from faq.tokens import Tokens, char_grams, language_of, shop_concepts

SENTENCES = ["如何申请退货", "蓝牙耳机连不上iphone 15手机怎么办", "包邮吗", "how do i use a coupon"]


def test_words_have_no_spaces_and_marks(tokens):
    assert tokens.words("how to 退货 / 换货") == ["how", "to", "退货", "换货"]
    assert tokens.words("") == []


def test_jieba_keeps_its_cache_in_a_folder_only_we_can_write(tmp_path):
    folder = tmp_path / "words"
    cut = module._jieba(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == ["jieba.cache"]
    assert cut("如何申请退货") == ["如何", "申请", "退货"]


def test_both_backends_cut_alike(tmp_path, monkeypatch):
    fast = Tokens()
    monkeypatch.setattr(module, "_rjieba", lambda: None)
    plain = Tokens(tmp_path / "words")
    assert [plain.words(s) for s in SENTENCES] == [fast.words(s) for s in SENTENCES]


def test_character_grams_are_short_in_chinese_and_longer_in_english():
    assert char_grams("退货吗") == ["退", "货", "吗", "退货", "货吗", "退货吗"]
    assert "<cou" in char_grams("coupon")
    assert "<coupon>" in char_grams("coupon")


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("refund多久到", {"=refund", "=howlong"}),
        ("退款多长时间", {"=refund", "=howlong"}),
        ("运费险", {"=freightins"}),
        ("free shipping", {"=freeship"}),
        ("今天天气", set()),
    ],
)
def test_words_of_both_languages_share_a_concept(text, concepts):
    assert set(shop_concepts().find(text)) == concepts


@pytest.mark.parametrize(
    ("text", "language"),
    [("如何退货", "zh"), ("How to return", "en"), ("用iPhone怎么连", "zh"), ("123", "en")],
)
def test_the_language_follows_the_script(text, language):
    assert language_of(text) == language
