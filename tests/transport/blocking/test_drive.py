"""Generators that are run by blocking code."""

import pytest

from tencentserverless._transport.blocking.drive import drive


def test_answers_go_into_the_generator():
    """What is done for each thing that a generator yields is sent into it; its value is returned."""

    def steps():
        first = yield 1
        second = yield 2
        return [first, second]

    assert drive(steps(), lambda wanted: wanted * 10) == [10, 20]


def test_failures_go_into_the_generator():
    """An exception is thrown into the generator, which may go on; one that it does not catch ends the run."""

    def fail(wanted):
        raise KeyError(wanted)

    def careful():
        try:
            yield "a"
        except KeyError as error:
            return error.args

    def careless():
        yield "b"

    assert drive(careful(), fail) == ("a",)
    with pytest.raises(KeyError, match="b"):
        drive(careless(), fail)


def test_a_generator_that_wants_nothing():
    """A generator that ends at once has its value returned, and nothing is done."""

    def steps():
        return 3
        yield

    assert drive(steps(), None) == 3
