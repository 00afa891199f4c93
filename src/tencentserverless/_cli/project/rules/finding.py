"""What a rule has found."""

from typing import Any, NamedTuple

from tencentserverless._cli.language import text


class Finding(NamedTuple):
    """One thing to mend. rule: its number. file: or the endpoint, or "settings". line: 0 for all of it.

    level: "warning" for what need not be mended; the exit code does not depend on it.
    """

    rule: str
    file: str
    line: int
    reason: str
    fix: str
    level: str = "error"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        mark = "" if self.level == "error" else text("(warning) ")
        return f"{place}: {self.rule} {mark}{self.reason}\n    {self.fix}"

    def as_data(self) -> dict[str, Any]:
        return self._asdict()
