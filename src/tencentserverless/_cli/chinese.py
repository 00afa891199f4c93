"""The texts of the command line in Simplified Chinese, by their English text. A test compares them with the code."""

TEXTS: dict[str, str] = {}
