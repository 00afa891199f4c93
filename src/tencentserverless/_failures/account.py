"""The text of an error, and the chain of functions in it.

The text has the first line, a hint if there is something to do, and the remote traceback. A function that invokes
others puts the text of their error into its own traceback. There it is found by its first line, and the account of the
chain is made of it: a section for each function, the one that failed first on top. A section is the first line of that
function's error, the hint, and its frames. Everything that is not ours is indented, so that a text which a function
made up is not taken for a first line.
"""

import re

from tencentserverless._failures import first_line, remote_trace
from tencentserverless._failures.first_line import GAVE_NO_RESULT, LEFT_OUT, Hop, hop_of, one_line
from tencentserverless._failures.hints import hint_of
from tencentserverless._failures.shortening import shortened
from tencentserverless._failures.wording import ENGLISH, wording_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, List, Optional, Tuple

    from tencentserverless._failures.first_line import Line
    from tencentserverless._failures.remote_trace import Part
    from tencentserverless._failures.wording import Wording

    Section = List[str]

MOST_HOPS = 16
_ITEM = re.compile(r"when serializing (?:dict|list|tuple) item (.+)\Z")
INDENT = "  "


class Account:
    """What one error says. error: any ServerlessError; only its attributes are used."""

    def __init__(self, error: "Any") -> None:
        self.error = error
        code = error.code if isinstance(error.code, str) else ""
        self.message = str(error.message or "").strip() or code or "no message"
        # A function that could not be loaded has its traceback in the message.
        is_trace = error._kind == "invocation" and remote_trace.HEAD in self.message
        trace = str(error.stack_trace or "") or (self.message if is_trace else "")
        self.parts: "List[Part]" = remote_trace.parts_of(trace) if trace else []
        self.inner = _inner_text(self.parts)
        self.sections = _sections(self.inner)
        self.wording: "Wording" = wording_of(self.message) if error._kind == "api" else ENGLISH

    def text(self) -> str:
        """The whole text."""
        text = "\n".join([self.first_line(), *shortened(list(self._body())), *self._log()])
        return text.encode("utf-8", "backslashreplace").decode("utf-8")  # nothing prints a lone surrogate

    def chain(self) -> "Tuple[Hop, ...]":
        """The functions of the chain: the one that was invoked first, then those behind it."""
        error, headers = self.error, [first_line.read(section[0]) for section in reversed(self.sections)]
        if error.function_name is None:
            return ()
        what = self._what()[0].lstrip(" :：")
        namespace = error.namespace or "default"
        own = Hop(error.function_name, error.region, namespace, what, error.executed, error.request_id)
        return (own, *(hop_of(line) for line in headers if line is not None))

    def first_line(self) -> str:
        """What happened, which function, where, whether it ran."""
        cause = first_line.read(self.inner[0]) if self.inner else None
        if cause is None or self.error.function_name is None:
            return self._own_line()
        names = _names([self.error.function_name, *cause.names])
        what, marks = cause.what, self._marks(cause.wording)
        if what == GAVE_NO_RESULT:
            what += ": " + cause.why
        return first_line.written(names, cause.place, what, self.error.executed, marks, cause.wording)

    def _own_line(self) -> str:
        error, marks = self.error, self._marks(self.wording)
        if error.function_name is None:  # no invocation, or an error that a program made
            is_trace = self.parts and not error.stack_trace
            return one_line(self.parts[-1].raised if is_trace else self.message) + first_line.bracketed(marks)
        what, why = self._what()
        names = [str(error.function_name)]
        place = "/".join(part for part in (error.region, error.namespace or "default") if part)
        return first_line.written(names, place, what, error.executed, marks, self.wording, why)

    def _what(self) -> "Tuple[str, str]":
        """What happened, with the blank or colon before it; and what is known of a function that may have run."""
        error = self.error
        if error._kind == "function":
            return self._what_function_raised(), ""
        if error._kind == "invocation":
            return self._what_platform_ended()
        if error._kind == "transport":
            return self._what_connection_did()
        return self.wording.colon + one_line(self.message).rstrip(".。"), ""

    def _what_function_raised(self) -> str:
        if not self.parts or not self.parts[-1].raised:
            return f" failed: {one_line(self.message)}"
        raised = self.parts[-1].raised
        if self.sections and self.inner is not None and raised.endswith(self.inner[0]):
            return f" raised {raised.split(':', 1)[0].rsplit('.', 1)[-1]}"  # the rest is that of the function behind it
        if is_about_result(self.parts[-1]):
            return f" returned a value that is not JSON: {one_line(raised + _place_in_result(self.parts[-1]))}"
        return f" raised {one_line(raised)}"

    def _what_platform_ended(self) -> "Tuple[str, str]":
        if self.parts and not self.error.stack_trace:  # the code outside the handler raised
            why = "only the code outside the handler" if self.error.executed == "maybe" else ""
            return f" did not start: {one_line(self.parts[-1].raised)}", why
        return f" failed: {one_line(self.message).rstrip('.')}", ""

    def _what_connection_did(self) -> "Tuple[str, str]":
        error = self.error
        before = f"{error.endpoint}, {error.phase}: "
        reason = self.message[len(before) :] if self.message.startswith(before) else self.message
        if error.executed == "maybe":
            return GAVE_NO_RESULT, one_line(reason)
        where = error.phase and error.phase + ": "
        return f" was not reached: {where}{one_line(reason)}", ""

    def _marks(self, wording: "Wording") -> "List[str]":
        """The numbers to search by: status or code, request id; for a connection that failed, the endpoint."""
        error = self.error
        marks = []
        if error._kind == "transport":
            marks.append(error.endpoint)
        elif error.status_code is not None:
            marks.append(str(error.status_code))
        elif error._kind in ("api", "") and isinstance(error.code, str):
            marks.append(error.code)
        if error.request_id:
            marks.append(f"{wording.request} {error.request_id}")
        return [one_line(mark) for mark in marks if mark]

    def _body(self) -> "Iterator[str]":
        """The lines between the first one and the log."""
        if not self.sections:
            hint = hint_of(self.error, self.parts, self.wording is not ENGLISH)
            if hint:
                yield self.wording.hint + hint
            yield from self._frames()
            return
        for section in self.sections:
            yield from section
        yield self._own_line()
        yield from self._frames()

    def _frames(self) -> "Iterator[str]":
        parts, inner = self.parts, self.inner
        for part in parts:
            yield from remote_trace.folded(part.frames)
            if inner is not None and part.raised.endswith(inner[0]):
                if part is not parts[-1]:
                    yield INDENT + part.raised.split(":", 1)[0]
            elif part is not parts[-1] or part.more or one_line(part.raised) != part.raised:
                yield from (INDENT + line for line in [part.raised, *part.more])

    def _log(self) -> "Iterator[str]":
        log = self.error.log_tail
        if log:
            yield self.wording.log
            for line in log.splitlines():
                if not (self.parts and line.startswith("ERROR RequestId:")):  # the traceback once more, escaped
                    yield INDENT + line


def is_about_result(part: "Part") -> bool:
    """Whether the handler returned, and the runtime could not make JSON of the value."""
    return part.place() is None and part.raised.startswith(("TypeError: ", "ValueError: ")) and "JSON" in part.raised


def _place_in_result(part: "Part") -> str:
    """Where in the result the value is, if notes say so, which are lines after the exception; Python 3.14 adds them."""
    steps = [found.group(1) for found in map(_ITEM.match, part.more) if found is not None]
    return f", at {''.join(f'[{step}]' for step in reversed(steps))} of the result" if steps else ""


def _inner_text(parts: "List[Part]") -> "Optional[List[str]]":
    """The lines of the error of the function behind, if that error ended this one, or was named as the cause."""
    for part in reversed(parts):
        name, colon, text = part.raised.partition(": ")
        if colon and name.startswith("tencentserverless.") and first_line.read(text) is not None:
            return [text, *part.more]
        if not part.is_from_cause:
            return None
    return None


def _sections(inner: "Optional[List[str]]") -> "List[Section]":
    if inner is None:
        return []
    line: "Optional[Line]" = first_line.read(inner[0])
    if line is not None and len(line.names) == 1:
        return [inner]
    sections: "List[Section]" = []
    for text in inner[1:]:
        if text[:1] not in ("", " ") and first_line.read(text) is not None:
            sections.append([text])
        elif sections:
            sections[-1].append(text)
    return sections if len(sections) < MOST_HOPS else [sections[0], *sections[2 - MOST_HOPS :]]


def _names(names: "List[str]") -> "List[str]":
    """The names of a chain; of one that is too long, the first ones and the last one."""
    names = [name for name in names if name != LEFT_OUT]
    return names if len(names) <= MOST_HOPS else [*names[: MOST_HOPS - 2], LEFT_OUT, names[-1]]
