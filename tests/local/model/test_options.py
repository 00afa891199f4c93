"""The options of an endpoint."""

import inspect
from dataclasses import fields

from tencentserverless.local import LocalSCF
from tencentserverless.local.model.options import Options

INNER = {"event_invocations", "start_method", "overrides"}  # not for programs; overrides are made of `settings`


def test_programs_have_every_option():
    """`LocalSCF` takes each option by its name, with its default."""
    parameters = inspect.signature(LocalSCF).parameters
    for field in fields(Options):
        if field.name not in INNER:
            assert field.name in parameters
            assert parameters[field.name].default in (field.default, None), field.name


def test_keys_are_not_shown():
    """What shows options shows no keys."""
    assert "hush" not in repr(Options(accept=["AKIDx:hush"]))
