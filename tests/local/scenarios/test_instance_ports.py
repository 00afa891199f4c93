"""The ports of instances: where they lead, whom they trust, and when they close."""

import json
import socket
import ssl

import pytest

from tencentserverless.local import LocalSCF
from tencentserverless.local.http.certificates import system_bundle
from tencentserverless.local.model.options import SCF_ADDRESS
from tests.local.api_client import Api

LOOK = """
import os, socket, ssl

def main_handler(event, context):
    found = {}
    for host, port in event["asked"]:
        found["%s %s" % (host, port)] = list(socket.getaddrinfo(host, port, socket.AF_INET)[0][4])
    if event.get("shake"):
        with socket.create_connection((event["shake"], 443), 30) as plain:
            with ssl.create_default_context().wrap_socket(plain, server_hostname=event["shake"]) as secure:
                found["peer"] = secure.getpeername()[1]
    found["door"] = os.environ["TENCENTSERVERLESS_ENDPOINT"]
    found["bundle"] = os.environ.get("SSL_CERT_FILE")
    return found
"""
HOSTS = ["scf.tencentcloudapi.com", "scf.internal.tencentcloudapi.com", "scf.ap-chengdu.tencentcloudapi.com"]


@pytest.fixture
def look(folder):
    """What a function finds of these names: `look(asked, **options)`."""
    folder("look", LOOK, "component: scf\nname: look\ninputs: {timeout: 60}\n")

    def run(event, **options):
        with LocalSCF(folder.path, **options) as scf, Api(scf) as api:
            result = api.invoke("look", event)
            assert result["InvokeResult"] == 0, result
            return json.loads(result["RetMsg"])

    return run


def test_scf_host_names_lead_to_the_door(look):
    """Inside a function each host name of SCF leads to the instance's ports, others do not."""
    asked = [(host, port) for host in HOSTS for port in (443, "https", 80)]
    found = look({"asked": [*asked, ("127.0.0.1", 443), ("SCF.tencentcloudapi.com.", 443)]})
    plain = int(found["door"].rpartition(":")[2])
    secure = {tuple(found[f"{host} {port}"]) for host in HOSTS for port in (443, "https")}
    assert len(secure) == 1
    assert next(iter(secure))[1] != 443
    assert ("127.0.0.1", plain) not in secure
    assert {tuple(found[f"{host} 80"]) for host in HOSTS} == {("127.0.0.1", plain)}
    assert found["127.0.0.1 443"] == ["127.0.0.1", 443]
    assert tuple(found["SCF.tencentcloudapi.com. 443"]) in secure


@pytest.mark.parametrize("host", HOSTS)
def test_the_door_is_trusted(look, host):
    """A default TLS context inside a function trusts the instance's port under SCF's names, and the system's still."""
    found = look({"asked": [(host, 443)], "shake": host})
    assert found["peer"] == found[f"{host} 443"][1]


def test_the_bundle_has_the_systems_authorities(folder, tmp_path):
    """The bundle that functions trust begins with what this machine trusts."""
    code = "import ssl\ndef main_handler(event, context):\n    return ssl.create_default_context().cert_store_stats()\n"
    folder("stats", code)
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        inside = json.loads(api.invoke("stats")["RetMsg"])["x509_ca"]
    system = ssl.create_default_context(cafile=system_bundle()).cert_store_stats()["x509_ca"]
    assert inside == system + 1


CHILDREN = """
import multiprocessing, socket, subprocess, sys
ASK = "import socket; print(socket.getaddrinfo('scf.tencentcloudapi.com', 443, 0, socket.SOCK_STREAM)[0][4])"

def ask(queue):
    queue.put(socket.getaddrinfo('scf.tencentcloudapi.com', 443, 0, socket.SOCK_STREAM)[0][4])

def main_handler(event, context):
    spawn = multiprocessing.get_context("spawn")
    queue = spawn.SimpleQueue()
    spawn.Process(target=ask, args=(queue,)).start()
    asked = [eval(subprocess.check_output([sys.executable, *options, "-c", ASK])) for options in ([], ["-I"])]
    return [queue.get(), *asked]
"""


def test_children_of_functions(folder):
    """Python processes that a function starts are led as it is; in isolated ones SCF's names lead to nothing."""
    folder("children", CHILDREN, "component: scf\nname: children\ninputs: {timeout: 60}\n")
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        spawned, led, isolated = json.loads(api.invoke("children")["RetMsg"])
    assert spawned == led != isolated == [SCF_ADDRESS, 443]


def test_it_can_be_switched_off(look):
    """Without `scf_hosts` names and trust inside functions are the machine's own; the plain port is still there."""
    found = look({"asked": [("127.0.0.1", 443)]}, scf_hosts=False)
    assert (found["bundle"], found["door"].startswith("http://127.0.0.1:")) == (None, True)


def test_a_door_closes_with_its_instance(folder):
    """When an instance has ended nothing listens at its ports."""
    folder(
        "door", "import os\ndef main_handler(event, context):\n    return os.environ['TENCENTSERVERLESS_ENDPOINT']\n"
    )
    folder("other")
    with LocalSCF(folder.path, most_instances=1) as scf, Api(scf) as api:
        port = int(json.loads(api.invoke("door")["RetMsg"]).rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port), 10).close()
        api.invoke("other")
        from tests.local.process_table import until

        until(lambda: not listens(port))


def listens(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
