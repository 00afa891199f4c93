"""``event``."""

import json


def test_a_sample_event_with_a_change(command):
    """One line of JSON with the changed value, which `invoke` takes."""
    done = command("event", "timer", "--set", "Message=中文")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["Message"] == "中文"
    assert len(done.stdout.splitlines()) == 1


def test_what_is_refused(command):
    """API gateway without --legacy and a path that leads nowhere end with 2 and say what to do."""
    for arguments, hint in (
        (["apigw"], "--legacy"),
        (["timer", "--set", "Tmie=1"], "It has: Type, TriggerName, Time, Message"),
        (["timer", "--set", "Message"], "must be PATH=VALUE"),
    ):
        done = command("event", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert hint in done.stderr
