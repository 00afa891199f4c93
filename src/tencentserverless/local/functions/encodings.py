"""Decodes text files that people have saved in other encodings than UTF-8. Pure."""

import codecs
from typing import NamedTuple


class Decoded(NamedTuple):
    """The text of a file. is_utf8: false if a program that reads UTF-8 would find other characters."""

    text: str
    is_utf8: bool


def decoded(data: bytes) -> Decoded:
    """The text of a file, which Windows PowerShell may have saved in UTF-16, and an old editor in GBK.

    Without a byte order mark the encoding is not known: characters that are not UTF-8 are replaced by U+FFFD.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Decoded(data.decode("utf-16", "replace"), False)
    try:
        return Decoded(data.decode("utf-8-sig"), True)
    except UnicodeDecodeError:
        return Decoded(data.decode("utf-8-sig", "replace"), False)
