"""The records of endpoints in a file."""

import pytest

from tencentserverless.local import LocalSCF
from tests.local.api_client import Api


def test_a_store_that_cannot_be(tmp_path):
    """A file that was asked for and cannot be is one error at the start, not one at each invocation."""
    with (
        pytest.raises(ValueError, match=r"records: .*x\.db: No such file or directory"),
        LocalSCF(records=tmp_path / "no" / "x.db"),
    ):
        pass


def test_what_was_there_is_shown_at_once(folder, tmp_path):
    """A store is shown before the first invocation, and endpoints that share one show what each was asked."""
    folder("one")
    store = tmp_path / "records.db"
    with LocalSCF(folder.path, records=store, notify=pytest.fail) as first, Api(first) as api:
        api.invoke("one")
        assert len(first.records) == 1
        with LocalSCF(folder.path, records=store, notify=pytest.fail) as second, Api(second) as another:
            assert len(second.records) == 1
            another.invoke("one")
            assert len(second.records) == 2
        assert len(first.records) == 2
