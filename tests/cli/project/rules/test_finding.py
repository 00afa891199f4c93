"""`finding`: how a finding is shown."""

from tencentserverless._cli.project.rules.finding import Finding


def test_its_text():
    """The first line begins with the file and the line, as editors open it; the second says what to do."""
    found = Finding("D04", "Hello/index.py", 2, "`context` is a dict", "Write it so.")
    assert str(found) == "Hello/index.py:2: D04 `context` is a dict\n    Write it so."
    assert str(found._replace(line=0)).startswith("Hello/index.py: D04 ")
    assert str(found._replace(level="warning")) == (
        "Hello/index.py:2: D04 (warning) `context` is a dict\n    Write it so."
    )
