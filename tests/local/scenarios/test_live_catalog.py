"""A running endpoint whose folders change."""

from tencentserverless.local import LocalSCF
from tencentserverless.scf import Client

MANIFEST = "component: scf\nname: {}\ninputs:\n  timeout: {}\n"
NAMED = "def main_handler(event, context):\n    return context['function_name'], context['time_limit_in_ms']\n"


def test_a_running_endpoint_serves_what_is_new(folder):
    """Functions and configurations that are added while the endpoint runs are invoked at once, without a new start."""
    folder("one", NAMED)
    with LocalSCF(folder.path) as scf:
        client = Client("ap-guangzhou", scf.secret_id, scf.secret_key, endpoint=scf.endpoint)
        assert client.invoke("one").value == ["one", 3000]
        folder("one", NAMED, MANIFEST.format("one", 9))
        folder("two", NAMED)
        assert client.invoke("one").value == ["one", 9000]
        assert client.invoke("two").value == ["two", 3000]
        assert [function.name for function in scf.functions] == ["one", "two"]
