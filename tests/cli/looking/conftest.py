"""Records of a chain that failed, by a real endpoint, and chains on paper."""

import os
import time

import pytest

from tencentserverless._cli import running
from tencentserverless._cli.commands import root
from tencentserverless._cli.looking import record_files
from tencentserverless.local import LocalSCF
from tencentserverless.local.model.invocation import Outcome, Record
from tests.local.api_client import Api
from tests.local.factories import invocation

CODE = {
    "Gateway": "print('asked for', event['sku'])\n    return scf.invoke('Prices', data=event).value",
    "Prices": "return {'tea': 3}[event['sku']]",
}
BEGAN = 1_700_000_000.0


def become_nobody(monkeypatch, home):
    """Be a user without credentials, whose files are below this folder."""
    for name in list(os.environ):
        if name.startswith(("TENCENT", "TCCLI")):
            monkeypatch.delenv(name)
    for name, folder in {"HOME": "home", "XDG_RUNTIME_DIR": "run", "XDG_STATE_HOME": "state"}.items():
        (home / folder).mkdir()
        monkeypatch.setenv(name, str(home / folder))


@pytest.fixture
def state(tmp_path, monkeypatch):
    """The state folder of a user without credentials."""
    become_nobody(monkeypatch, tmp_path)
    return tmp_path / "state" / "tencentserverless"


@pytest.fixture
def by_hand(monkeypatch):
    """The command line believes that a person uses it, not a test."""
    monkeypatch.setattr(record_files, "_NOT_BY_HAND", ("CI",))
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A running endpoint that other terminals find. `Gateway` was invoked twice; the second time its callee failed.

    Tests that change it are in files of their own. `shop.home` is a folder with its functions and its records.
    """
    home = tmp_path_factory.mktemp("shop")
    for name, body in CODE.items():
        folder = home / "shop" / name
        folder.mkdir(parents=True)
        text = f"from tencentserverless import scf\ndef main_handler(event, context):\n    {body}\n"
        (folder / "index.py").write_text(text if "scf." in body else text.partition("\n")[2])
    with pytest.MonkeyPatch.context() as monkeypatch:
        become_nobody(monkeypatch, home)
        with LocalSCF(home / "shop", records=home / "records.db", notify=lambda _: None) as scf:
            with running.announced(scf, [str(home / "shop")], pytest.fail), Api(scf) as api:
                for sku in ("tea", "gold"):
                    api.invoke("Gateway", {"sku": sku})
                scf.home = home
                yield scf


@pytest.fixture
def run(capfd):
    """`run("logs", "-n", "1")` runs the command line in this process: its exit code, standard output and error."""

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            root.main(list(arguments), prog_name="tencentserverless")
        return ended.value.code or 0, *capfd.readouterr()

    return call


def made(
    name, request_id, parent=None, *, came, ended, busy=None, cold=None, status=200, kind="RequestResponse", log=""
):
    """A record of an invocation that came and ended so many seconds after `BEGAN`. busy, cold: also seconds."""
    asked = invocation(request_id=request_id, name=name)
    asked = asked._replace(received_at=BEGAN + came, parent=parent, invocation_type=kind)
    ms = {
        "output": log,
        "busy_ms": None if busy is None else busy * 1000,
        "init_ms": None if cold is None else cold * 1000,
    }
    outcome = Outcome(status, "1", "" if status == 200 else "no", (busy or 0) * 1000, 12 << 20, **ms)
    return Record(asked, ended_at=BEGAN + ended, outcome=outcome)


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    """Times are shown in UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
