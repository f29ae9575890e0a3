from tests.house import problems


def test_the_house_keeps_its_own_rules():
    assert problems() == []
