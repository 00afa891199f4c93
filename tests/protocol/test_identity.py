"""Credentials as an object that does not show them."""

import pytest

from tencentserverless._protocol.identity import Identity, masked


def test_the_repr_shows_neither_key_nor_token():
    """The repr has a part of the id, and nothing of the key and the token."""
    assert repr(Identity("AKIDEXAMPLE0001234", "a-key", "a-token")) == "<Identity AKID***1234>"
    assert repr(Identity("AKIDshort", "a-key", "a-token")) == "<Identity ***>"
    assert masked("AKIDEXAMPLE0001234") == "AKID***1234"


def test_tools_do_not_find_a_container():
    """It is neither iterable nor a container, because tools that show variables look into those."""
    with pytest.raises(TypeError):
        iter(Identity("AKID", "key"))


def test_equal_credentials_are_equal():
    """Two objects with the same id, key and token are equal, whatever happened to one of them."""
    one, other = Identity("AKID", "key", "t"), Identity("AKID", "key", "t")
    one.is_refused = True
    assert one == other
    assert hash(one) == hash(other)
    assert one != Identity("AKID", "key")
    assert one != ("AKID", "key", "t")


def test_what_another_side_sent_is_quoted_without_them():
    """Id, key and token are hidden in bytes that may be our request; every other byte stays as it is."""
    identity = Identity("AKIDx", "a-key", "a-token")
    assert identity.hide(b"X-TC-Token: a-token Credential=AKIDx a-key\xff") == b"X-TC-Token: *** Credential=*** ***\xff"
    assert Identity("AKIDx", "a-key").hide(b"text") == b"text"
