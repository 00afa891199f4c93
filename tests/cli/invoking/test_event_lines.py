"""Events as lines of JSON."""

import io
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tencentserverless._cli.invoking import event_lines
from tencentserverless._protocol.json_text import parsed


@settings(max_examples=30)
@given(st.lists(st.one_of(st.none(), st.integers(), st.text(), st.lists(st.text()))), st.sampled_from(["\n", "\r\n"]))
def test_every_event_comes_back(events, end):
    """Whatever the events, the ends of lines and a byte order mark, each line gives its event and its own bytes."""
    text = "\ufeff" + end.join(json.dumps(event, ensure_ascii=True) for event in events)
    found = list(event_lines.read(io.BytesIO(text.encode()), "e"))
    assert [line.event for line in found] == events
    assert [parsed(line.source.decode()) for line in found] == events
