"""What is done for many questions at once comes out as for each alone."""

from __future__ import annotations

import numpy as np

from faq.ahead import Ahead
from faq.meaning import MANY_ROWS, meaning_of

TEXTS = ("退款多久到账", "怎么申请退货？还有发票怎么开", "营业时间")


def test_a_first_look_taken_beforehand_is_the_same(fake_encoder):
    rows = fake_encoder.encode([f"第{number}个问题怎么办" for number in range(MANY_ROWS + 1)])
    alone = meaning_of(rows).with_tail(rows[:3])
    ahead = Ahead(fake_encoder, 500)
    together = ahead.foreseeing(alone)
    ahead.prepare(TEXTS)
    fake_encoder.calls.clear()
    vector = ahead.encode(["退款多久到账"])[0]
    assert np.allclose(together.first_look(vector), alone.first_look(vector), atol=1e-5)
    again = together.first_look(vector)
    again[:] = -1
    assert together.first_look(vector).max() > 0
    ahead.encode(["还有发票怎么开"])
    assert np.array_equal(ahead.encode([TEXTS[2], TEXTS[0]])[1], vector)
    assert fake_encoder.calls == []
    assert len(ahead.encode([])) == 0


def test_what_was_not_told_beforehand_is_asked_alone(fake_encoder):
    rows = fake_encoder.encode([f"第{number}个问题" for number in range(MANY_ROWS + 1)])
    ahead = Ahead(fake_encoder, 500)
    together = ahead.foreseeing(meaning_of(rows))
    ahead.prepare(TEXTS[:1])
    vector = ahead.encode(["营业时间"])[0]
    assert np.allclose(together.first_look(vector), meaning_of(rows).first_look(vector))
    few = meaning_of(rows[:5])
    assert ahead.foreseeing(few) is few
