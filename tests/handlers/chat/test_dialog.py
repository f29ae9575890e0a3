import json

import pytest

from handlers.base import SetDialog
from handlers.chat.dialog import Dialog

FULL = Dialog("complaint.1", {"facts": "x"}, paused=True, misses=1, unsure=2, unhelpful=1)


def test_what_is_kept_is_json_and_comes_back():
    kept = FULL.keep()
    assert Dialog.read(json.loads(json.dumps(kept.dialog))) == FULL


def test_nothing_to_remember_is_nothing():
    assert Dialog().keep() == SetDialog(None)


@pytest.mark.parametrize(
    "stored",
    [None, {}, {"form": 3, "fields": [], "paused": "yes", "misses": "2"}, {"unknown": 1}],
)
def test_what_cannot_be_read_is_forgotten(stored):
    assert Dialog.read(stored) == Dialog()


def test_a_form_asks_until_it_is_put_aside():
    open_form = Dialog("complaint.1")
    assert open_form.asking("complaint.1")
    assert not open_form.asking("survey.1")
    assert not open_form.pause().asking("complaint.1")


def test_without_a_form_there_is_nothing_to_put_aside():
    assert Dialog().pause() == Dialog()


def test_calm_forgets_misses_but_not_bad_answers():
    assert FULL.calm() == Dialog("complaint.1", {"facts": "x"}, paused=True, unhelpful=1)
