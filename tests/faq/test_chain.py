from faq.chain import Chain


def test_a_chain_reads_as_one_sequence():
    chain = Chain(("a", "b"), ["c"])
    assert (list(chain), len(chain)) == (["a", "b", "c"], 3)
    assert [chain[at] for at in (0, 1, 2, -1, -3)] == ["a", "b", "c", "c", "a"]
    assert list(chain[1:]) == ["b", "c"]
    assert "c" in chain
