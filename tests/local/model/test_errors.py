"""Errors of the local endpoint's own."""

import copy
import pickle

import pytest

from tencentserverless import local
from tencentserverless.exception import ServerlessError
from tencentserverless.local import AuthorityError, FunctionFolderError, LocalError


def test_public_names():
    """These are the public names of `tencentserverless.local`."""
    assert " ".join(local.__all__) == (
        "AuthorityError Begun Coped Ended ExpectationError FunctionFolderError LocalError LocalSCF Printed "
        "Record Refused sample_event"
    )
    assert all(hasattr(local, name) for name in local.__all__)


@pytest.mark.parametrize(("kind", "other"), [(FunctionFolderError, ValueError), (AuthorityError, RuntimeError)])
def test_their_place_in_the_tree(kind, other):
    """Each is a `LocalError`, so a `ServerlessError` whose function did not run, and what it was before."""
    error = kind("a folder: why")
    assert isinstance(error, (LocalError, ServerlessError))
    assert isinstance(error, other)
    assert (str(error), error.message, error.code, error.executed) == (
        "a folder: why",
        "a folder: why",
        kind.__name__,
        "no",
    )


@pytest.mark.parametrize("kind", [LocalError, FunctionFolderError, AuthorityError])
def test_copies(kind):
    """Copies and pickles are equal to what they were made of."""
    for made in (copy.copy(kind("why")), pickle.loads(pickle.dumps(kind("why")))):
        assert (type(made), str(made), made.args) == (kind, "why", kind("why").args)
