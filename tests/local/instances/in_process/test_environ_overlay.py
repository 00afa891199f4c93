"""Values put over a mapping for a while."""

from contextlib import ExitStack

from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.instances.in_process.environ_overlay import Overlay

values = st.dictionaries(st.sampled_from("abcd"), st.text("xy", max_size=2))


@given(values, st.lists(values, max_size=5), st.randoms())
def test_all_comes_back(before, layers, random):
    """While layers begin and end in any order the latest that runs is seen, and what was there comes back."""
    target, running = dict(before), []
    overlay = Overlay(target)
    waiting = list(layers)
    while waiting or running:
        if waiting and (not running or random.random() < 0.5):
            layer, stack = waiting.pop(), ExitStack()
            stack.enter_context(overlay.over(layer))
            running.append((layer, stack))
        else:
            running.pop(random.randrange(len(running)))[1].close()
        expected = dict(before)
        for layer, _ in running:
            expected.update(layer)
        assert target == expected
    assert target == before
