import random
import stat

import pytest

from faq import tokens as module
from faq.demo import demo_entries
from faq.normalize import normalize
from faq.sounds import _common
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


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    if Tokens().backend != "rjieba":
        pytest.skip("the extra `fast` is not installed")
    fast, plain = Tokens(), Tokens()
    plain._cut = module._jieba(tmp_path_factory.mktemp("words"))
    return fast, plain


def made_up(count: int) -> list[str]:
    """Sentences of common words, single characters, numbers, and Latin words with marks inside."""
    rng, words = random.Random(7), list(_common())
    characters = "".join(words)
    latin = ["iphone", "usb-c", "t恤", "2.4g", "wi-fi6", "v1.2.3", "50%off", "x.com", "5-7", "r&d"]
    ways = (
        lambda: rng.choice(words),
        lambda: rng.choice(characters),
        lambda: rng.choice(latin),
        lambda: f" {rng.choice(latin)} ",
        lambda: str(rng.randrange(9999)),
    )
    return ["".join(rng.choice(ways)() for _ in range(rng.randint(1, 10))) for _ in range(count)]


def test_both_backends_cut_the_texts_of_this_project_alike(both, shop):
    fast, plain = both
    entries = [*shop, *demo_entries()]
    texts = [t for e in entries for t in (e.question, *e.similar_questions, *e.answers.values())]
    for text in (*SENTENCES, *map(normalize, texts)):
        assert plain.words(text) == fast.words(text)


def test_both_backends_cut_a_mass_of_made_up_texts_alike(both):
    fast, plain = both
    for text in map(normalize, made_up(4000)):
        assert plain.words(text) == fast.words(text)


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
