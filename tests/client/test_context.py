"""Context variables on other threads and in other tasks."""

import threading

import pytest

from tencentserverless._context import Context, with_context

contextvars = pytest.importorskip("contextvars")
request = contextvars.ContextVar("request", default=None)


def test_another_thread_sees_the_variables_of_now():
    """A call that is made on another thread sees what was set when it was wrapped, and changes nothing here."""
    seen = []
    token = request.set(1)
    call = with_context(lambda: seen.append((request.get(), request.set(3))))
    request.reset(token)
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert seen[0][0] == 1
    assert request.get() is None


def test_an_iterator_may_set_and_reset():
    """Steps of an iterator that are made in different contexts are steps in one, and its variables are seen here."""

    def steps():
        for number in range(3):
            token = request.set(number)
            yield number
            request.reset(token)

    context, iterator = Context(), steps()

    def step():
        return context.run(next, iterator), request.get()

    assert [contextvars.copy_context().run(step) for _ in range(3)] == [(0, 0), (1, 1), (2, 2)]
