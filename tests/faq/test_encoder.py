import numpy as np

from faq import encoder as module
from faq.encoder import CachedEncoder, Foretold
from faq.vectors import in_full

TEXTS = ["怎么退货", "how to return", "今天天气"]


def test_questions_are_encoded_once_and_kept_in_a_file(tmp_path, fake_encoder):
    first = CachedEncoder(fake_encoder, tmp_path).encode_questions(TEXTS)
    again = CachedEncoder(fake_encoder, tmp_path).encode_questions([*TEXTS, "new"])
    assert fake_encoder.calls == [*TEXTS, "new"]
    assert np.array_equal(first[slice(0, 3)], again[slice(0, 3)])
    assert np.allclose(first[slice(0, 3)], fake_encoder.encode(TEXTS), atol=1e-3)


def test_numbers_of_half_width_are_the_same_in_full():
    half = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    half = half[np.isfinite(half)].reshape(2, -1)
    assert in_full(half).tobytes() == half.astype(np.float32).tobytes()


def test_what_customers_write_is_not_kept(tmp_path, fake_encoder):
    CachedEncoder(fake_encoder, tmp_path).encode(TEXTS)
    assert list(tmp_path.iterdir()) == []


def test_a_few_late_questions_are_encoded_once_and_kept_in_memory_only(tmp_path, fake_encoder):
    encoder = CachedEncoder(fake_encoder, tmp_path)
    first, again = encoder.encode_few(TEXTS), encoder.encode_few([*TEXTS[1:], "new"])
    assert fake_encoder.calls == [*TEXTS, "new"]
    assert np.array_equal(first[1:], again[:2])
    assert list(tmp_path.iterdir()) == []


def test_what_is_encoded_beforehand_comes_out_the_same(fake_encoder):
    foretold, expected = Foretold(fake_encoder, TEXTS[:2]), fake_encoder.encode(TEXTS)
    fake_encoder.calls.clear()
    found = np.concatenate([foretold.encode([text]) for text in TEXTS])
    assert np.array_equal(found, expected)
    assert np.array_equal(foretold.encode(TEXTS), expected)
    assert fake_encoder.calls == [TEXTS[2], *TEXTS]
    assert foretold.has_word("shopping")
    assert not foretold.has_word("shoping")


def test_many_new_questions_are_put_into_the_file_beforehand(tmp_path, fake_encoder):
    own, others, asked = fake_encoder, type(fake_encoder)(), []
    other = CachedEncoder(others, tmp_path)

    def beforehand(texts):
        asked.append(len(texts))
        other.encode_questions(texts)

    encoder = CachedEncoder(own, tmp_path, beforehand)
    many = [f"question {number}" for number in range(module.MANY + 5)]
    encoder.encode_questions(many[:5])
    assert (asked, len(own.calls)) == ([], 5)
    found = encoder.encode_questions(many)
    assert (asked, len(own.calls), len(others.calls)) == ([len(many)], 5, module.MANY)
    assert np.allclose(found[slice(0, len(many))], own.encode(many), atol=1e-3)


def test_many_questions_that_nobody_put_into_the_file_are_encoded_here(tmp_path, fake_encoder):
    many = [f"question {number}" for number in range(module.MANY)]
    CachedEncoder(fake_encoder, tmp_path, lambda _: None).encode_questions(many)
    assert fake_encoder.calls == many


def test_a_damaged_file_is_built_anew(tmp_path, fake_encoder):
    CachedEncoder(fake_encoder, tmp_path).encode_questions(TEXTS)
    (file,) = tmp_path.iterdir()
    for content in (b"", b"garbage", file.read_bytes()[:100]):
        file.write_bytes(content)
        assert len(CachedEncoder(fake_encoder, tmp_path).encode_questions(TEXTS)) == len(TEXTS)


def test_a_pickle_in_the_file_is_never_loaded(tmp_path, fake_encoder):
    np.save(tmp_path / "vectors-fake-1.npy", np.asarray([{}], object), allow_pickle=True)
    CachedEncoder(fake_encoder, tmp_path).encode_questions(TEXTS)
    assert fake_encoder.calls == TEXTS


def test_the_sentence_encoder_compares_meaning_across_languages_where_it_is_installed():
    encoder = module.load()
    assert (encoder is not None) == module.is_installed()
    if encoder is not None:
        returns, english, weather = encoder.encode(TEXTS)
        assert returns @ english > returns @ weather
        assert encoder.encode([]).shape == (0, 512)
