"""The marker scf_faults: which runs of a test it asks for, and the summary of how they ended."""

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Optional, Tuple

PROPERTY = "scf_fault"  # of a report: the function, the fault, how the program coped, the detail


class Fault(str):
    """The name of a fault. function: has it. times: how often it fails; None for always."""

    function = ""
    times: "Optional[int]" = None


def parametrize(metafunc: "Any") -> None:
    """Let a test run once without a fault, and once with each fault of each function that a marker names."""
    found = {}  # type: Dict[str, List[Fault]]
    for marker in metafunc.definition.iter_markers("scf_faults"):  # the nearest one first
        function, faults = _faults(*marker.args, **marker.kwargs)
        found.setdefault(function, faults)
    if not found:
        return
    if "scf_fault" not in metafunc.fixturenames:
        pytest.fail("the marker scf_faults needs the fixture scf_local", pytrace=False)
    each = [fault for faults in found.values() for fault in faults]
    ids = ["%s-%s" % (fault.function, fault) if len(found) > 1 else str(fault) for fault in each]
    metafunc.parametrize("scf_fault", [None, *each], indirect=True, ids=["no-fault", *ids])


def _faults(*args: "Any", **options: "Any") -> "Tuple[str, List[Fault]]":
    """The function that a marker names, and its faults."""
    if len(args) != 1 or not isinstance(args[0], str) or set(options) - {"only", "times"}:
        pytest.fail("the marker scf_faults takes the name of a function, and by name: only, times", pytrace=False)
    try:
        from tencentserverless.local.doubles.faults import chosen

        faults = [Fault(name) for name in chosen(options.get("only", ()))]
    except ImportError:  # the fixture scf_local fails with the text of this error
        return args[0], []
    except ValueError as error:
        reason = str(error)
    else:
        for fault in faults:
            fault.function, fault.times = args[0], options.get("times")
        return args[0], faults
    pytest.fail("scf_faults: " + reason, pytrace=False)


def summary(stats: "Dict[str, List[Any]]", is_verbose: bool) -> "Iterator[str]":
    """How the programs of all tests coped with faults, line by line; verbose, also how each run ended."""
    found = {}  # type: Dict[str, Dict[str, List[str]]]
    for test, (function, fault, how, detail) in _runs(stats):
        ways = found.setdefault("%s, faults of %s" % (test, function), {})
        ways.setdefault(how, []).append("\n    %s (%s)" % (fault, detail) if is_verbose else fault)
    for title, ways in sorted(found.items()):
        yield title
        for how, faults in sorted(ways.items()):
            text = "".join(sorted(faults)) if is_verbose else " " + ", ".join(sorted(set(faults)))
            yield "  %s:%s" % (how, text)


def _runs(stats: "Dict[str, List[Any]]") -> "Iterator[Tuple[str, List[str]]]":
    """Each run of a test with a fault: the test, and how it coped. With xdist this is in the reports only."""
    for report in (report for reports in stats.values() for report in reports):
        if getattr(report, "when", "") == "call":
            for name, value in report.user_properties:
                if name == PROPERTY:
                    yield report.nodeid.partition("[")[0], value
