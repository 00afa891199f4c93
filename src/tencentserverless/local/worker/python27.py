# -*- coding: utf-8 -*-
"""Text on Python 2.7, where `str` is bytes: settings, standard streams and tracebacks that are not ASCII.

Only `bootstrap.py` loads this file, and only on Python 2.7.
"""

from __future__ import unicode_literals

import codecs
import linecache
import re
import traceback

_text = type("")
_UNDECODABLE = re.compile("(?<![\ud800-\udbff])([\udc80-\udcff])")  # a byte of a file name (PEP 383)
_CODING = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")  # PEP 263
_ESCAPED = "tencentserverless.escaped"


def escaped(error):
    """Replace bytes that are not UTF-8 by escapes."""
    return "".join(["\\x%02x" % ord(byte) for byte in error.object[error.start : error.end]]), error.end


codecs.register_error(_ESCAPED, escaped)


def native(value):
    """A JSON value with `str` in the place of text: the bytes that the system has for it."""
    if isinstance(value, _text):
        parts = _UNDECODABLE.split(value)
        parts[1::2] = [chr(ord(byte) & 0xFF) for byte in parts[1::2]]
        return b"".join([part if isinstance(part, bytes) else part.encode("utf-8") for part in parts])
    if isinstance(value, dict):
        return {native(key): native(each) for key, each in value.items()}
    return [native(each) for each in value] if isinstance(value, list) else value


class TextFile(object):
    """A file that takes text too, as UTF-8. Bytes stay as they are."""

    encoding = str("UTF-8")

    def __init__(self, file):
        self._file = file

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __iter__(self):
        return iter(self._file)

    def write(self, data):
        self._file.write(data.encode("utf-8") if isinstance(data, _text) else data)

    def writelines(self, lines):
        for line in lines:
            self.write(line)


def in_utf8(data, *encodings):
    """Bytes as UTF-8. They are in the first of these encodings that fits, UTF-8 if none is given."""
    if isinstance(data, _text):
        return data.encode("utf-8")
    for encoding in encodings:
        try:
            return data.decode(encoding).encode("utf-8")
        except (LookupError, UnicodeError):
            pass
    return data.decode("utf-8", _ESCAPED).encode("utf-8")


def traceback_lines(kind, error, trace, hidden_files):
    """The lines of a traceback without the frames of some files.

    Source is in the encoding that its file declares. It is shown in UTF-8, as is the text of the exception.
    """
    frames = [frame for frame in traceback.extract_tb(trace) if frame[0] not in hidden_files]
    lines = [str("Traceback (most recent call last):\n")] if frames else []
    encodings = [declared_encoding(native(error.filename)) if isinstance(error, SyntaxError) else "utf-8"]
    for path, number, name, source in frames:
        encodings.append(declared_encoding(path))
        lines += traceback.format_list([(path, number, name, source and in_utf8(source, encodings[-1]))])
    return lines + [in_utf8(line, "utf-8", *reversed(encodings)) for line in exception_lines(kind, error)]


def exception_lines(kind, error):
    """As `traceback.format_exception_only`, which replaces text that is not ASCII by escapes."""
    lines = traceback.format_exception_only(kind, error)
    try:
        str(error)
    except UnicodeError:
        lines[-1:] = ["%s: %s\n" % (kind.__name__, text) for text in message(kind, error)] or lines[-1:]
    except Exception:  # the methods of an exception may raise
        pass
    return lines


def message(kind, error):
    """The text of an exception whose text is not ASCII. Empty if it cannot be had."""
    for text_of in (_text, kind.__str__):
        try:
            return [text_of(error) + ""]
        except Exception:
            pass
    return []


def declared_encoding(path):
    """The encoding that a source file declares in its first two lines."""
    declared = [_CODING.match(linecache.getline(path, number)) for number in (1, 2)] if path else []
    return next((found.group(1) for found in declared if found), "utf-8")
