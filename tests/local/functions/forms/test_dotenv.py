"""`.env` files."""

from tencentserverless.local.functions.forms import dotenv


def test_lines():
    """Quotes, comments, `export`, blanks and ends of lines are read as the deploy tool reads them."""
    text = (
        "A=1\r\n# note\nexport B='x # y' # note\nC=\"a\\nb\"\nD=\nE = v w # note\nF=a=b\nG: y\nbad line\nH=中文\n"
        "I='two\nlines'\nJ=`q`\n  K=k\nA=2\n"
    )
    assert dotenv.read(text) == {
        "A": "2",
        "B": "x # y",
        "C": "a\nb",
        "D": "",
        "E": "v w",
        "F": "a=b",
        "G": "y",
        "H": "中文",
        "I": "two\nlines",
        "J": "q",
        "K": "k",
    }
