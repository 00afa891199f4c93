"""``local env``: how a variable is written for a shell. tests/cli/test_target.py runs it."""

import subprocess

from tencentserverless._cli import local_env

VALUE = 'it\'s "$HOME"\n`x`'


def test_sh():
    """sh reads the value as it was, and forgets what has none."""
    script = f"A=1\n{local_env._sh('A', None)}\n{local_env._sh('B', VALUE)}\nprintf '%s' \"${{A-unset}}$B\""
    assert subprocess.check_output(["sh", "-ec", script], text=True) == f"unset{VALUE}"


def test_powershell():
    """For PowerShell a quote in a value is doubled."""
    assert local_env._powershell("B", "it's") == "$env:B = 'it''s'"
    assert local_env._powershell("A", None) == "Remove-Item Env:A"
