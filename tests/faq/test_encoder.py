import numpy as np

from faq import encoder as module
from faq.encoder import CachedEncoder

TEXTS = ["怎么退货", "how to return", "今天天气"]


def test_questions_are_encoded_once_and_kept_in_a_file(tmp_path, fake_encoder):
    first = CachedEncoder(fake_encoder, tmp_path).encode_questions(TEXTS)
    again = CachedEncoder(fake_encoder, tmp_path).encode_questions([*TEXTS, "new"])
    assert fake_encoder.calls == [*TEXTS, "new"]
    assert np.array_equal(first, again[:3])


def test_what_customers_write_is_not_kept(tmp_path, fake_encoder):
    CachedEncoder(fake_encoder, tmp_path).encode(TEXTS)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_built_anew(tmp_path, fake_encoder):
    CachedEncoder(fake_encoder, tmp_path).encode_questions(TEXTS)
    (file,) = tmp_path.iterdir()
    for content in (b"", b"garbage", file.read_bytes()[:100]):
        file.write_bytes(content)
        assert CachedEncoder(fake_encoder, tmp_path).encode_questions(TEXTS).shape == (3, 64)


def test_a_pickle_in_the_file_is_never_loaded(tmp_path, fake_encoder):
    file = tmp_path / "vectors-fake-1.npz"
    np.savez(file, keys=np.asarray([{}], object), vectors=np.zeros((1, 64)))
    CachedEncoder(fake_encoder, tmp_path).encode_questions(TEXTS)
    assert fake_encoder.calls == TEXTS


def test_the_sentence_encoder_compares_meaning_across_languages_where_it_is_installed():
    encoder = module.load()
    assert (encoder is not None) == module.is_installed()
    if encoder is not None:
        returns, english, weather = encoder.encode(TEXTS)
        assert returns @ english > returns @ weather
        assert encoder.encode([]).shape == (0, 512)
