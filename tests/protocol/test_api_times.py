"""Times of the API."""

import pytest

from tencentserverless._protocol.api_times import parsed, written


@pytest.mark.parametrize("at", [0, 951_782_399, 951_782_400, 1_767_576_120, 4_102_444_799])
def test_a_time_that_is_written_is_parsed_as_itself(at):
    """What is written of a whole second is parsed as that second."""
    assert parsed(written(at)) == at


def test_times_are_those_of_china():
    """Midnight of UTC is eight o'clock in the morning."""
    assert written(0.9) == "1970-01-01 08:00:00"


@pytest.mark.parametrize(
    "text", ["", "2026-01-05", "2026-01-05T01:22:00", "2026-13-05 01:22:00", "2026-01-05 01:22:00.5"]
)
def test_other_texts_are_refused(text):
    """A text of another form raises ValueError."""
    with pytest.raises(ValueError, match=r"format|unconverted"):
        parsed(text)
