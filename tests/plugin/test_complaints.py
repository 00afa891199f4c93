"""What users of other plugins complain of, and what they get here: a test for each complaint."""

import inspect

import pytest

from tests import environments

DEVELOPER = {"TENCENTCLOUD_SECRET_ID": "developers", "TCCLI_PROFILE": "work"}
UNUSED = "was never used (complaints/test_complaints.py:"


@pytest.fixture(scope="module")
def ran(run_once):
    """One run of the tests in shop/complaints, without xdist. The developer has a profile `work`."""
    return run_once("complaints", "-p", "no:xdist", **DEVELOPER)


@pytest.fixture
def report(ran):
    """`report(name)` is the text of the failure of the test with this name, "" if it passed."""
    return lambda name: ran.reports["test_" + name]


def test_the_explanation_is_lost_if_the_test_failed_before(ran, report):
    """The account of a test that has failed is a section of its report, and not a second error."""
    assert "assert 'something' == 'paid'" in report("fails_before_the_account")
    section = ran.output.split("- SCF invocations -", 1)[1]
    assert f'stub("Refund") {UNUSED}' in section
    assert 'Pay (ap-shanghai, default) {"item":"tea"} -> "something" in ' in section
    assert "ERROR complaints/test_complaints.py::test_fails_before" not in ran.output


def test_an_exception_in_a_stub_vanishes(report):
    """A stub that fails by itself fails the test, also if the program hides the error."""
    assert "KeyError: 'none'" in report("swallows_what_the_stub_raises")


def test_strictness_depends_on_how_it_is_entered(report, python, shop):
    """The fixture and `LocalSCF` are strict; a marker or one line of ini relaxes the fixture."""
    from tencentserverless.local import LocalSCF

    assert UNUSED in report("strict_by_default")
    assert report("not_strict_by_marker") == ""
    assert inspect.signature(LocalSCF.__init__).parameters["strict"].default is True
    chosen = ("-o", "tencentserverless_strict=false", "complaints", "-k", "test_strict_by_default")
    assert environments.run(python, "-m", "pytest", "-p", "no:xdist", *chosen, cwd=shop)[0] == 0


def test_a_default_changes_in_a_minor_version():
    """These defaults are promised: they change with a major version only."""
    from tencentserverless.local import LocalSCF

    stub = inspect.signature(LocalSCF.stub).parameters
    assert {name: stub[name].default for name in ("times", "optional", "region", "namespace")} == {
        "times": None,
        "optional": False,
        "region": None,
        "namespace": None,
    }
    local = inspect.signature(LocalSCF.__init__).parameters
    assert {name: local[name].default for name in ("port", "host", "strict", "in_process")} == {
        "port": 0,
        "host": "127.0.0.1",
        "strict": True,
        "in_process": False,
    }


def test_all_were_used_means_exactly_once(report):
    """A stub may be used more than once, and `times=0` says that it must not be used."""
    assert report("used_often") == ""
    assert "was used once, not never" in report("never")


def test_an_unknown_call_gets_a_cheerful_success(report):
    """An invocation of an unknown function fails as on the platform, and its test fails with the near names."""
    expected = "Ordr (ap-guangzhou, default) was invoked once, but it is neither a function nor a stub."
    assert report("invokes_what_is_not_there") == expected + " Near names: Order."


def test_the_network_guard_misses_names_and_breaks_asyncio(report):
    """Whatever resolves a host of SCF fails its test, with the line that allows it. Nothing else is touched."""
    hosts = {
        "reaches_for_the_cloud[1]": "scf.tencentcloudapi.com",
        "reaches_for[the host of a region]": "scf.ap-shanghai-fsi.tencentcloudapi.com",
        "reaches_for[the private network]": "scf.internal.tencentcloudapi.com",
        "reaches_for_the_cloud_with_asyncio": "scf.tencentcloudapi.com",
    }
    for name, host in hosts.items():
        line = f'this test must not reach {host}. To allow it: @pytest.mark.scf_local(allow_hosts=["{host}"])'
        assert line in report(name)
    assert report("may_reach_for_the_cloud") == report("reaches_other_hosts") == ""


def test_a_server_for_each_test_is_slow_and_isolates_nothing(report):
    """All tests of a process use one endpoint, but each has keys, functions and records of its own."""
    assert [report(f"sees_a_fresh_endpoint[{number}]") for number in range(3)] == [""] * 3


def test_requests_of_the_last_test_arrive_in_the_next(report):
    """A client that a test has left behind is refused in the next one."""
    assert report("leaves_a_client_behind") == report("is_not_disturbed_by_that_client") == ""


def test_event_loops_have_scope_errors(report):
    """The fixtures are plain functions, and each test uses the client for asyncio in a loop of its own."""
    assert report("asks_from_a_loop_of_its_own[0]") == report("asks_from_a_loop_of_its_own[1]") == ""


def test_real_credentials_leak_into_tests(report):
    """A test with the fixture sees neither keys nor profiles of the developer; other tests see them as they are."""
    assert report("sees_no_keys_of_the_developer") == ""
    assert report("has_the_developer_s_keys_without_the_fixture") == ""


def test_the_plugin_breaks_coverage(python, tmp_path):
    """A project that does not use the plugin loads nothing of the package but the plugin and the version."""
    (tmp_path / "test_it.py").write_text(
        "import os, sys\n\n\ndef test_nothing():\n"
        "    ours = {name for name in sys.modules if name.startswith('tencentserverless')}\n"
        "    plugin = {'', '.faults', '.guard'}\n"
        "    plugin = {'tencentserverless.pytest_plugin' + name for name in plugin}\n"
        "    assert ours == {'tencentserverless', 'tencentserverless._version', *plugin}\n"
        "    assert not [name for name in os.environ if name.startswith('TENCENT')]\n"
    )
    code, output, _ = environments.run(python, "-W", "error", "-m", "pytest", "-q", cwd=tmp_path)
    assert code == 0, output


def test_the_port_is_fixed(report):
    """The endpoint has a free port, by which no other program is disturbed."""
    assert report("is_served_on_a_free_port") == ""


def test_time_is_skipped_by_itself(report):
    """Time is real: nothing skips it."""
    assert report("has_real_time") == ""


def test_a_patched_time_reaches_the_server(report):
    """A test may patch `time.time` for its program: neither the client nor the endpoint reads the patched time."""
    assert report("gives_the_program_another_time") == ""


def test_a_skipped_test_is_an_error(report):
    """A test that is skipped half-way is not judged by the stubs that it would have used later."""
    assert report("is_skipped_after_a_stub") == ""


def test_threads_hold_the_tests_up(report):
    """Functions in this process run on threads of their own, also if they invoke each other."""
    assert report("runs_the_function_on_a_thread_of_its_own") == ""
