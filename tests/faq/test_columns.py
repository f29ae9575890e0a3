import pytest

from faq.columns import guess


def meanings(titles, samples=()):
    return {title: (one.field, one.sure) for title, one in guess(titles, samples).items()}


@pytest.mark.parametrize(
    ("title", "field"),
    [
        ("Question", "question"),
        ("标准问法（必填）", "question"),
        (" 答案 *", "answer"),
        ("相似问题3", "similar_questions"),
        ("similar_questions (2)", "similar_questions"),
        ("English answer", "answers.en"),
        ("Answer (English)", "answers.en"),
        ("答案（中文）", "answers.zh"),
        ("answers.zh-TW", "answers.zh-tw"),
        ("知识分类", "category"),
        ("answers", "answers"),
    ],
)
def test_a_title_that_is_known_is_sure(title, field):
    assert meanings([title]) == {title: (field, True)}


def test_a_title_that_is_nearly_known_is_a_guess_to_be_looked_at():
    assert meanings(["Qestion", "答案内容", "备注"]) == {
        "Qestion": ("question", False),
        "答案内容": ("answer", False),
        "备注": ("", False),
    }


def test_a_field_is_given_once_and_the_sure_title_has_it():
    found = meanings(["anser", "answer", "reply"])
    assert found == {"anser": ("", False), "answer": ("answer", True), "reply": ("", False)}


def test_what_stands_in_a_column_says_what_it_is():
    rows = [
        {"甲": "1", "乙": "怎么退货？", "丙": "请在订单页点申请售后，选择退货即可。"},
        {"甲": "2", "乙": "多久到账", "丙": "三个工作日之内原路退回。"},
    ]
    assert meanings(["甲", "乙", "丙"], rows) == {
        "甲": ("", False),
        "乙": ("question", False),
        "丙": ("answer", False),
    }
