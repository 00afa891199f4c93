"""What `local start` shows once it serves."""

from tencentserverless._cli.ready import ready, variables
from tests.local.factories import function

LINE = {"endpoint": "http://127.0.0.1:9000", "secret_id": "AKIDx", "secret_key": "k", "pid": 1}


def shown(*functions, width=80, **options):
    return list(ready(functions, variables(LINE), width, **options))


def test_exports():
    """The variables are lines that a shell takes, PowerShell's on Windows, and the next command stands below them."""
    lines = shown(function(), function("far", region="ap-chengdu", namespace="test"))
    assert lines[0] == "Serving 2 functions at http://127.0.0.1:9000"
    start = lines.index("In another terminal:")
    assert lines[start + 2 : start + 6] == [
        "  export TENCENTSERVERLESS_ENDPOINT=http://127.0.0.1:9000",
        "  export TENCENTCLOUD_SECRETID=AKIDx",
        "  export TENCENTCLOUD_SECRETKEY=k",
        "  tencentserverless invoke hello --local --data '{}'",
    ]
    assert not any("Records" in line for line in lines)
    lines = shown(function("far", region="ap-chengdu", namespace="test"), is_windows=True, records="/x/records.db")
    assert "Records are kept for 7 days in /x/records.db" in lines
    assert "  $env:TENCENTCLOUD_SECRETKEY = 'k'" in lines
    assert "  tencentserverless invoke far --local --region ap-chengdu --namespace test --data '{}'" in lines


def test_certificates():
    """With TLS there is a fourth variable, quoted if it has to be."""
    values = variables({**LINE, "ca_file": "/a b/ca.pem"})
    assert "  export SSL_CERT_FILE='/a b/ca.pem'" in list(ready([], values, 80))


def test_the_table_fits():
    """The table fits into the terminal: columns without entries are left out, long paths lose their beginning."""
    long = function("a" * 30, runtime="Python3.9")
    rows = shown(long, function(), width=110)[2:5]
    assert [row.split()[3] for row in rows] == ["runtime", "Python3.9", "128"]
    assert rows[1].endswith("  ..." + "a" * 20)
    assert all(len(row) <= 110 for row in rows)
    assert "runtime" not in shown(function())[2]


def test_many_functions():
    """Of thousands of functions the first are shown, and the number of the others."""
    lines = shown(*[function()] * 5000)
    assert "  and 4800 more" in lines
    assert len(lines) < 220
