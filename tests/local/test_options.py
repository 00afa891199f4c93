"""The options of an endpoint."""

import inspect
from dataclasses import fields

from tencentserverless.local import LocalSCF
from tencentserverless.local.options import Options

INNER = {"event_invocations", "start_method"}  # not for programs


def test_programs_have_every_option():
    """`LocalSCF` takes each option by its name, with its default."""
    parameters = inspect.signature(LocalSCF).parameters
    for field in fields(Options):
        if field.name not in INNER:
            assert field.name in parameters
            assert parameters[field.name].default in (field.default, None), field.name
