import numpy as np

from faq.pieces import FILTER_BITS, FIRST, LAST, LONGEST, UNKNOWN, Pieces, hash_each, hashes


def made(scores: dict[str, float]) -> Pieces:
    """A dictionary of these pieces, numbered from 10."""
    known = hash_each(list(scores))
    order = np.argsort(known)
    begins = np.zeros(1 << FILTER_BITS, np.bool_)
    begins[known >> np.uint64(64 - FILTER_BITS)] = True
    numbers = (order + 10).astype(np.int32)
    chances = np.asarray(list(scores.values()), np.float32)[order]
    return Pieces(known[order], numbers, chances, begins, str.strip)


def test_each_part_of_a_text_has_the_hash_it_would_have_alone():
    text = "退货运费谁出abc😭"
    found = hashes(text)
    for at in range(len(text)):
        for size in range(1, min(LONGEST, len(text) - at) + 1):
            assert found[at, size - 1] == hash_each([text[at : at + size]])[0]


def test_a_part_that_would_reach_beyond_the_end_is_no_part():
    assert len({*hashes("退")[0].tolist()}) == LONGEST


def test_the_likeliest_pieces_are_found():
    pieces = made({"退": -3.0, "货": -3.0, "退货": -4.0, "货运": -1.0, "运": -9.0})
    assert pieces.cut("退货") == [FIRST, 12, LAST]
    assert pieces.cut("退货运") == [FIRST, 10, 13, LAST]


def test_a_character_that_is_no_piece_is_unknown_and_none_is_lost():
    pieces = made({"退": -3.0, "退货": -4.0})
    assert pieces.cut("货退货退😭") == [FIRST, UNKNOWN, 11, 10, UNKNOWN, LAST]


def test_a_word_is_had_where_one_piece_is_the_whole_of_it():
    pieces = made({"\u2581cancel": -3.0, "\u2581can": -2.0, "order": -1.0})
    assert pieces.has("cancel")
    assert not pieces.has("cancle")
    assert not pieces.has("order")
    assert not pieces.has("zzzzzz")


def test_nothing_is_one_unknown_piece():
    assert made({"退": -3.0}).cut(" ") == [FIRST, UNKNOWN, LAST]


def test_a_text_of_twenty_thousand_characters_is_cut_whole():
    assert made({"退": -3.0}).cut("退" * 20_000) == [FIRST, *[10] * 20_000, LAST]
