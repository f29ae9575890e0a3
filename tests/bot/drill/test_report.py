"""The verdict is told to people and to scripts."""

from __future__ import annotations

import json

from bot.drill.judge import Figures
from bot.drill.play import Verdict
from bot.drill.report import as_json, as_table

FINE = Figures(10, 9, 8, 0, 0, 0, 1, 2, 3, 0)
BAD = Figures(10, 9, 8, 1, 0, 0, 1, 2, 3, 0)


def test_the_json_has_the_promised_shape():
    told = json.loads(as_json(Verdict({"slack": FINE}, 4, settled=True)))
    figures = told["channels"]["slack"]
    promised = ["acknowledged", "answered", "lost", "doubled", "out_of_order", "uncertain", "late"]
    assert [figures[name] for name in promised] == [9, 8, 0, 0, 0, 1, 2]
    assert (figures["sent_in"], figures["refused"], told["kills"]) == (10, 3, 4)


def test_the_table_has_a_line_for_each_channel_and_says_whether_it_held():
    lines = as_table(Verdict({"slack": FINE, "weibo": FINE}, 0, settled=True)).splitlines()
    assert lines[1].split() == ["slack", "10", "9", "8", "0", "0", "0", "1", "2", "3", "0"]
    assert lines[2].startswith("weibo")
    assert lines[-1].startswith("held")


def test_one_lost_message_is_said_aloud():
    verdict = Verdict({"slack": FINE, "weibo": BAD}, 2, settled=False)
    assert not verdict.holds
    last = as_table(verdict).splitlines()[-1]
    assert last.startswith("NOT held")
    assert "2 kills" in last
    assert "still on its way" in last
