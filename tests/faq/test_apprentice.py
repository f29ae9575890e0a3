import pytest

from faq.apprentice import Apprentice, Lesson, teach
from faq.config import FaqConfig
from faq.encoder import CachedEncoder
from faq.matcher import Entry
from faq.normalize import normalize
from faq.ranker import shipped

OFF = FaqConfig(encoder="off")


@pytest.fixture
def matcher(make_matcher, shop):
    return make_matcher(shop, OFF)


async def test_a_base_is_learnt_once_and_remembered(matcher, tmp_path):
    first, again = Apprentice(OFF, tmp_path), Apprentice(OFF, tmp_path)
    learnt = await first.learn(matcher)
    assert learnt.lexical.version == f"{shipped().lexical.version}+self"
    assert learnt.semantic is shipped().semantic
    (file,) = tmp_path.glob("learnt-*.json")
    file.write_text(file.read_text().replace("+self", "+read"))
    assert (await again.learn(matcher)).lexical.version.endswith("+read")


async def test_another_base_is_learnt_anew(matcher, make_matcher, shop, tmp_path):
    apprentice = Apprentice(OFF, tmp_path)
    await apprentice.learn(matcher)
    (before,) = tmp_path.glob("learnt-*.json")
    await apprentice.learn(make_matcher(shop[1:], OFF))
    (after,) = tmp_path.glob("learnt-*.json")
    assert before != after


async def test_a_damaged_memory_is_learnt_anew(matcher, tmp_path):
    await Apprentice(OFF, tmp_path).learn(matcher)
    (file,) = tmp_path.glob("learnt-*.json")
    file.write_text("{")
    learnt = await Apprentice(OFF, tmp_path).learn(matcher)
    assert learnt.lexical.version.endswith("+self")


async def test_from_a_handful_of_questions_nothing_is_learnt(make_matcher, tmp_path):
    assert await Apprentice(OFF, tmp_path).learn(make_matcher([Entry("a", "几点开门")])) is None


def test_the_vectors_that_are_stored_are_enough_to_learn_from(
    make_matcher, shop, fake_encoder, tmp_path, monkeypatch
):
    monkeypatch.setattr("os.nice", lambda by: by)
    make_matcher(shop, None, CachedEncoder(fake_encoder, tmp_path))
    told = teach(shop, FaqConfig(), tmp_path, fake_encoder.name)
    assert told["version"] == f"{shipped().semantic.version}+self"


def test_labels_are_learnt_from_vectors_that_are_brought(
    make_matcher, shop, fake_encoder, tmp_path, monkeypatch
):
    monkeypatch.setattr("os.nice", lambda by: by)
    make_matcher(shop, None, CachedEncoder(fake_encoder, tmp_path))
    known = [(f"请问{entry.question}呀朋友", entry.id) for entry in shop]
    forms = [normalize(text) for text, _ in known]
    brought = dict(zip(forms, fake_encoder.encode(forms), strict=True))
    start = shipped().semantic
    lesson = Lesson(start.dump(), known, brought)
    told = teach(shop, FaqConfig(), tmp_path, fake_encoder.name, lesson)
    assert told["version"] == f"{start.version}+sure"


async def test_labels_are_learnt_once_and_remembered(make_matcher, shop, tmp_path):
    matcher = make_matcher(shop, OFF)
    known = [(f"{entry.question}呀朋友", entry.id) for entry in shop]
    models, hints = await Apprentice(OFF, tmp_path).learn_labelled(matcher, shipped(), known)
    assert hints is None
    assert models.lexical.version == f"{shipped().lexical.version}+sure"
    (file,) = tmp_path.glob("labelled-*.json")
    assert "朋友" not in file.read_text()
    file.write_text(file.read_text().replace("+sure", "+read"))
    again, _ = await Apprentice(OFF, tmp_path).learn_labelled(matcher, shipped(), known)
    assert again.lexical.version.endswith("+read")
    few = known[:20]
    assert await Apprentice(OFF, tmp_path).learn_labelled(matcher, shipped(), few) is None
