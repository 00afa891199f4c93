"""`LocalSCF`: the endpoint inside a program."""

import json
import os
import signal
import socket
import ssl
import threading
import time
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from tencentserverless import scf as client
from tencentserverless.exception import ConnectError
from tencentserverless.local import LocalSCF
from tencentserverless.local.eventloop.delivery import PATIENCE_SECONDS
from tencentserverless.local.model.errors import FunctionFolderError
from tests.local.api_client import Api


def test_it_runs_as_long_as_the_block(folder):
    """The port answers inside the block and is closed after it; the thread is gone; what was counted stays."""
    folder("one")
    threads = threading.active_count()
    with LocalSCF(folder.path) as scf:
        assert repr(scf) == f"<LocalSCF {scf.endpoint}>"
        with Api(scf) as api:
            assert api.invoke("one")["RetMsg"] == "1"
    host, _, port = scf.endpoint.rpartition("/")[2].partition(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), 5)
    assert threading.active_count() == threads
    assert (scf.counters.requests, scf.counters.connections, scf.counters.processes) == (1, 1, 1)
    assert [record.outcome.status_code for record in scf.records] == [200]
    scf.stop()


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="this system has no such signals")
def test_an_interrupted_start(folder, tmp_path):
    """Ctrl-C while an endpoint starts leaves no thread, no process, no file and no port, and it can start again."""

    def handle(number, frame):
        raise KeyboardInterrupt

    def interrupt(notice):
        os.kill(os.getpid(), signal.SIGUSR1)

    before, threads = signal.signal(signal.SIGUSR1, handle), set(threading.enumerate())
    scf = LocalSCF(folder("hello", "def main_handler(e, c): return e"), layers={"unused": tmp_path}, notify=interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            scf.start()
        assert not Path(scf.records_file).parent.exists()
        assert set(threading.enumerate()) == threads
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(scf.endpoint.rpartition(":")[2])))
    finally:
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    with scf, scf.client() as client:
        assert client.invoke("hello", data=1).value == 1
    signal.signal(signal.SIGUSR1, before)


def test_a_given_port(folder):
    """A port can be chosen; where it is taken starting fails and leaves no thread."""
    folder("one")
    with LocalSCF(folder.path) as scf:
        port = int(scf.endpoint.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            LocalSCF(folder.path, port=port).__enter__()
    with LocalSCF(folder.path, port=port) as again:
        assert again.endpoint.endswith(f":{port}")


def test_folders_that_cannot_be_read(tmp_path):
    """What is wrong with a folder is raised where the endpoint is started."""
    with pytest.raises(FunctionFolderError, match="no function here"):
        LocalSCF(tmp_path).__enter__()


def test_two_at_once(folder):
    """Two endpoints in one program do not know each other, and refuse in the client's language, signature v1 too."""
    folder("one")
    with LocalSCF(folder.path) as first, LocalSCF(folder.path) as second, Api(second) as api:
        assert first.endpoint != second.endpoint
        assert first.secret_id != second.secret_id
        second.secret_id, second.secret_key = first.secret_id, first.secret_key
        assert api("ListFunctions")["Error"]["Code"] == "AuthFailure.SecretIdNotFound"
        names = ("Action", "Version", "Region", "Timestamp", "Nonce", "SecretId", "Signature")
        values = ("Invoke", "2018-04-16", "ap-guangzhou", int(time.time()), 1, first.secret_id, "x")
        form = urlencode({**dict(zip(names, values, strict=True)), "Language": "zh-CN"}).encode()
        with urlopen(second.endpoint, form) as answer:
            assert json.loads(answer.read())["Response"]["Error"]["Message"].startswith("SecretId不存在")


def test_records_as_they_end(folder):
    """`on_record` gets every invocation that has ended; `functions` says what is served."""
    folder("one")
    ended = []
    with LocalSCF(folder.path, on_record=ended.append) as scf, Api(scf) as api:
        assert [function.name for function in scf.functions] == ["one"]
        api.invoke("one")
    assert [record.invocation.function.name for record in ended] == ["one"]


def test_before_it_runs(folder):
    """What only a running endpoint has is an error before."""
    with pytest.raises(RuntimeError, match="has not started"):
        LocalSCF(folder("one")).counters  # noqa: B018


def test_notices_go_to_stderr(folder, capfd):
    """Without `notify` notices are lines on standard error."""
    folder("one"), folder("v1.2")
    with LocalSCF(folder.path):
        pass
    assert "name is not a valid function name" in capfd.readouterr().err


def test_tls(folder):
    """With TLS the certificate counts for the address and for SCF's names, whoever does not trust it gets no answer,
    and neither chains nor handlers in this process need to know of it."""
    folder(
        "outer",
        "from tencentserverless import scf\ndef main_handler(event, context):\n    return scf.invoke('inner')\n",
    )

    def inner(event, context):
        return client.invoke("innermost", data={})

    with LocalSCF(folder.path, tls=True) as scf:
        scf.deploy(inner)
        scf.deploy(lambda event, context: "here", name="innermost")
        keys = ("ap-guangzhou", scf.secret_id, scf.secret_key)
        trusting = client.Client(*keys, endpoint=scf.endpoint, ca_file=scf.ca_file)
        assert "here" in trusting.invoke("outer")
        assert len([record for record in scf.records if record.invocation.parent]) == 2
        with pytest.raises(ConnectError, match="certificate"):
            client.Client(*keys, endpoint=scf.endpoint).invoke("outer")
        for context in (ssl.create_default_context(cafile=scf.ca_file), ssl.create_default_context(cafile=scf.bundle)):
            address = ("127.0.0.1", int(scf.endpoint.rpartition(":")[2]))
            for name in ("127.0.0.1", "scf.ap-chengdu.tencentcloudapi.com"):
                with socket.create_connection(address) as plain, context.wrap_socket(plain, server_hostname=name):
                    pass


def test_layers_of_what_comes_later(folder, tmp_path):
    """A function that is deployed while the endpoint runs finds the layers that were told at the start."""
    (tmp_path / "layer").mkdir()
    (tmp_path / "layer" / "layered.py").write_text("VALUE = 5")
    code = "import layered\ndef main_handler(event, context):\n    return layered.VALUE\n"
    text = "component: scf\nname: one\ninputs:\n  layers:\n  - {name: x, version: 1}\n"
    with LocalSCF(layers={"x": str(tmp_path / "layer")}) as scf, Api(scf) as api:
        scf.deploy(folder("one", code, text))
        assert api.invoke("one")["RetMsg"] == "5"


def test_layers_that_are_not_there(folder, tmp_path):
    """A layer whose folder is missing is raised where the endpoint is started."""
    with pytest.raises(FunctionFolderError, match="layer `x`: there is no folder"):
        LocalSCF(folder("one"), layers={"x": tmp_path / "gone"}).__enter__()


def test_readers_that_block(folder):
    """Readers of notices and records that block for ever delay the first answer a little, and no other one."""
    go, read = threading.Event(), []
    folder("one")

    def block(what):
        read.append(what)
        go.wait()

    with LocalSCF(folder.path, notify=block, on_record=block) as scf, Api(scf) as api:
        began = time.monotonic()
        assert [api.invoke("one")["RetMsg"] for _ in range(40)] == ["1"] * 40
        assert time.monotonic() - began < 40 * PATIENCE_SECONDS / 2
        assert len(read) == 1
        go.set()
    assert len(read) == 40


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_of_the_program(folder):
    """A fork can invoke, is told what it cannot do, leaves the block at once, and ends nothing of its parent's."""
    folder("one")
    with LocalSCF(folder.path) as scf, Api(scf) as api:
        api.invoke("one")
        scf.stub("other", returns=1, times=1)
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            try:
                assert scf.client().invoke("other").value == 1
                with pytest.raises(RuntimeError, match="runs in the parent of this process"):
                    len(scf.records)
                scf.__exit__(None, None, None)
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        assert api.invoke("one")["RetMsg"] == "1"


def test_started_twice_and_stopped_by_several_threads():
    """A second start changes nothing, and `stop` returns in each of several threads that call it at the same time."""
    scf = LocalSCF().start()
    address = scf.endpoint
    assert scf.start() is scf
    assert scf.endpoint == address
    threads = [threading.Thread(target=scf.stop) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def test_a_default_time_out_of_sockets(folder):
    """`socket.setdefaulttimeout` of the program changes nothing for its instances, however large an event is."""
    socket.setdefaulttimeout(20)
    try:
        with LocalSCF(folder("echo", "def main_handler(e, c): return e")) as scf, scf.client() as client:
            assert client.invoke("echo", data="x" * 3_000_000).value == "x" * 3_000_000
    finally:
        socket.setdefaulttimeout(None)
