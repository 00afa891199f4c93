"""``settings``."""

SECRET_ID = "AKID" + "a" * 28 + "wxyz"
SECRET_KEY = "k" * 32


def test_each_setting_with_its_place(command):
    """One line a setting, with the variable, option or default that it comes from; no secret is shown."""
    done = command(
        "settings",
        "--endpoint",
        "http://127.0.0.1:9000",
        TENCENTCLOUD_REGION="ap-chengdu",
        TENCENTCLOUD_SECRETID=SECRET_ID,
        TENCENTCLOUD_SECRETKEY=SECRET_KEY,
    )
    assert done.returncode == 0
    told = {line.split("  ")[0]: line.split()[-1] for line in done.stdout.splitlines()}
    assert told["region"] == "TENCENTCLOUD_REGION"
    assert told["secret_id"] == "TENCENTCLOUD_SECRETID"
    assert told["endpoint"] == "argument"
    assert told["timeout"] == "default"
    assert "AKID***wxyz" in done.stdout
    assert SECRET_ID not in done.stdout
    assert SECRET_KEY not in done.stdout


def test_settings_that_an_invocation_would_refuse(command, tmp_path):
    """A wrong setting is told in one line, with exit code 5, or 4 for credentials."""
    wrong = ((5, "--region", "not a region"), (4, "--profile", "missing"), (5, "--endpoint", "ftp://x"))
    for code, *arguments in wrong:
        done = command("settings", *arguments, HOME=str(tmp_path))
        assert (done.returncode, done.stdout) == (code, "")
        assert len(done.stderr.splitlines()) == 1
