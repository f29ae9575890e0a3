from faq.compare import Clash, Conflict, Drafted, compare
from faq.importer import read
from faq.matcher import Entry

LIVE = [
    Entry("a", "q", answers={"en": "x"}),
    Entry("b", "r", answers={"en": "x"}, version_id="7"),
    Entry("other", "How do I return it?", ("send it back",), {"en": "x"}),
]


def report(text, drafts=None):
    return compare(read("x.csv", text.encode()), LIVE, drafts)


def test_a_dry_run_says_what_is_new_changed_and_same():
    found = report("id,question,answer\na,q,y\nb,r,x\nc,s,x\n")
    assert (found.new, found.changed, found.same) == (("c",), ("a",), ("b",))
    assert found.touched == {"a", "c"}


def test_a_question_that_another_entry_has_is_named_with_both_rows():
    text = "id,question,similar_questions,answer\nc,hours?,SEND IT BACK!,x\nd,open?,hours,x\n"
    assert report(text).clashes == (
        Clash(2, "SEND IT BACK!", "other"),
        Clash(3, "hours", "c", 2),
    )


def test_an_entry_that_the_file_itself_changes_clashes_no_more():
    text = "id,question,answer\nother,another matter,x\nc,send it back,x\n"
    assert report(text).clashing == 0


def test_a_draft_written_by_hand_is_not_overwritten_unseen():
    drafts = {
        "a": Drafted(Entry("a", "q", answers={"en": "mine"}), by_hand=True, author="Ann"),
        "b": Drafted(None, by_hand=True, author="Bo"),
        "c": Drafted(Entry("c", "s", answers={"en": "z"}), by_hand=False),
    }
    found = report("id,question,answer\na,q,y\nb,r,new\nc,s,x\n", drafts)
    assert found.conflicts == (Conflict(2, "a", "Ann"), Conflict(3, "b", "Bo", removes=True))


def test_a_draft_that_says_the_same_is_no_conflict():
    drafts = {"a": Drafted(Entry("a", "q", answers={"en": "y"}), by_hand=True)}
    assert report("id,question,answer\na,q,y\n", drafts).conflicts == ()
