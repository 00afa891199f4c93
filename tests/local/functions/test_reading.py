"""What folders declare."""

from tencentserverless.local.functions.reading import MOST_EQUAL, folded


def test_equal_messages_about_many_files():
    """Messages that say the same about many files are one; a few of them, and others, stay as they are."""
    few = [f"/a/{number}.yml:1: few" for number in range(MOST_EQUAL)]
    many = [f"/a/{number}.yml:{number}: many: of them" for number in range(1, MOST_EQUAL + 2)]
    assert folded([few[0], *many, *few[1:], "another", "one"]) == [
        *few,
        "/a/1.yml:1 and 3 more files: many: of them",
        "another",
        "one",
    ]
