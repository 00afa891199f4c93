"""The facts that an endpoint tells of its work."""

import threading

from tencentserverless.local import Begun, Ended, LocalSCF, Printed, Refused
from tests.local.api_client import Api
from tests.local.process_table import until

WAITS = """
import os, time
print("loading")

def main_handler(event, context):
    print("now", end="", flush=True)
    while not os.path.exists(event["go"]):
        time.sleep(0.001)
    print(" then")
"""


def test_facts_come_at_once(folder, shared):
    """What a function prints is told while it runs; refusals are told, and kept with their numbers."""
    folder("waits", WAITS)
    facts, go = [], shared / "go"

    def watch(fact):
        facts.append(fact)
        raise ValueError("a mistake of the user")

    with LocalSCF(folder.path, watch=watch) as scf, Api(scf) as api:
        thread = threading.Thread(target=api.invoke, args=("waits", {"go": str(go)}))
        thread.start()
        until(lambda: "now" in printed(facts))
        assert not any(isinstance(fact, Ended) for fact in facts)
        go.touch()
        thread.join()
        for name in ("waits", "missing", "missing"):
            api("Invoke", FunctionName=name, Qualifier="7")
        assert api.raw(headers={"Host": "evil.example"})[0] == 403
        refusals = scf.refusals
    assert [type(fact) for fact in facts if not isinstance(fact, Printed)] == [Begun, Ended, *[Refused] * 4]
    assert printed(facts) == "loading\nnow then\n"
    assert facts[0].invocation == next(fact.record.invocation for fact in facts if isinstance(fact, Ended))
    found = [(refused.code, refused.action, refused.function_name, count) for refused, count in refusals]
    assert found == [
        ("ResourceNotFound.Qualifier", "Invoke", "waits", 1),
        ("ResourceNotFound.Function", "Invoke", "missing", 2),
        ("HTTP 403", "", "", 1),
    ]


def printed(facts):
    return "".join(fact.text for fact in facts if isinstance(fact, Printed))
