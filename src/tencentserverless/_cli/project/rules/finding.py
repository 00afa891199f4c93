"""What a rule has found. Pure."""

from typing import Any, NamedTuple


class Finding(NamedTuple):
    """One thing to mend. rule: its number. line: 0 for the whole file."""

    rule: str
    file: str
    line: int
    reason: str
    fix: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.rule} {self.reason}\n    {self.fix}"

    def as_data(self) -> dict[str, Any]:
        return self._asdict()
