"""The columns that texts take in a terminal."""

import pytest

from tencentserverless._cli.text_width import width_of


@pytest.mark.parametrize(
    ("line", "columns"), [("ok", 2), ("\x1b[31mfailed\x1b[0m", 6), ("失败（430）", 11), ("\x1b[2m云\x1b[0m a", 4)]
)
def test_width(line, columns):
    """Colours take no column, Chinese characters and signs take two, others one."""
    assert width_of(line) == columns
