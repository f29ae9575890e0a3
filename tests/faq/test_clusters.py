import random

from faq.clusters import cluster
from faq.encoder import CachedEncoder

TEXTS = [
    "怎么开发票", "发票怎么开", "可以开发票吗", "开发票",
    "快递到哪了", "我的快递到哪里了", "查快递",
    "how do i return it", "how can i return this", "会员怎么积分",
]  # fmt: skip
WEIGHTS = [5, 2, 1, 9, 3, 2, 1, 4, 1, 1]


def groups(texts, weights, vectors=None):
    return [[texts[at] for at in group] for group in cluster(texts, weights, vectors)]


def test_questions_that_mean_the_same_come_together_the_heaviest_first():
    found = [set(group) for group in groups(TEXTS, WEIGHTS)]
    assert {"怎么开发票", "可以开发票吗", "开发票"} <= found[0]
    assert any({"快递到哪了", "我的快递到哪里了"} <= group for group in found)
    assert {"how do i return it", "how can i return this"} in found
    assert {"会员怎么积分"} in found


def test_the_order_of_the_questions_changes_nothing():
    expected = groups(TEXTS, WEIGHTS)
    for seed in range(5):
        both = list(zip(TEXTS, WEIGHTS, strict=True))
        random.Random(seed).shuffle(both)
        assert groups(*map(list, zip(*both, strict=True))) == expected


def test_the_meaning_brings_together_what_shares_no_characters(fake_encoder):
    texts, weights = ["abc", "cba bac", "xyz"], [1, 1, 1]
    vectors = CachedEncoder(fake_encoder).encode(texts)
    assert [set(group) for group in groups(texts, weights, vectors)] == [
        {"abc", "cba bac"},
        {"xyz"},
    ]


def test_nothing_comes_of_nothing():
    assert cluster([], []) == []
    assert cluster(["a"], [1]) == [[0]]
