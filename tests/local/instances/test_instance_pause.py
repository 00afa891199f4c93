"""The time limit of a worker that is stopped."""

import pytest

from tencentserverless.local.instances.instance import STOPPED_SECONDS, Pause


class Held:
    """A countdown that counts its holders."""

    holders = 0

    def hold(self):
        self.holders += 1

    def release(self):
        self.holders -= 1


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([(0, True), (5, True), (6, False), (9, False)], [1, 1, 0, 0]),
        ([(0, True), (6, False), (7, True), (8, False)], [1, 0, 1, 0]),
        ([(0, True), (STOPPED_SECONDS + 1, True), (STOPPED_SECONDS + 2, True), (99, False)], [1, 0, 0, 0]),
        ([(0, True), (20, False), (30, True), (41, True), (42, True)], [1, 0, 1, 0, 0]),
    ],
)
def test_a_stopped_worker(looks, expected):
    """The countdown is held while the worker is stopped, but no longer than the bound, however often it is stopped."""
    countdown, seen, pause = Held(), [], None
    for now, is_stopped in looks:
        if pause is None:
            pause = Pause(countdown, now)
        else:
            pause.check(is_stopped, now)
        seen.append(countdown.holders)
    assert seen == expected
    pause.end()
    assert countdown.holders == 0
