"""The words of a first line, in the two languages of the API's messages."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict


class Wording:
    """One language. ran: for each value of `executed`, whether the function ran."""

    def __init__(
        self, ran: "Dict[str, str]", it: str, semicolon: str, colon: str, request: str, hint: str, log: str
    ) -> None:
        self.ran = ran
        self.it = it
        self.semicolon = semicolon
        self.colon = colon
        self.request = request
        self.hint = hint
        self.log = log


ENGLISH = Wording(
    {"yes": "ran", "no": "did not run", "maybe": "may have run"},
    "it ",
    "; ",
    ": ",
    "request",
    "Hint: ",
    "The end of the log:",
)
CHINESE = Wording(
    {"yes": "已运行", "no": "没有运行", "maybe": "可能已运行"},
    "",
    "；",
    "：",
    "请求",
    "提示：",
    "日志末尾：",
)


def wording_of(text: str) -> Wording:
    """The wording that goes with a message of the API."""
    return CHINESE if any("\u4e00" <= character <= "\u9fff" for character in text) else ENGLISH
