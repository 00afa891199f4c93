"""Our signatures against those that the official SDK makes of the same requests."""

import json
import random
import string
import subprocess
import sys
from pathlib import Path

from tencentserverless._protocol.effects import Moment, Origin
from tencentserverless._protocol.identity import Identity
from tencentserverless._protocol.request import signed_request
from tests.environments import CONSTRAINTS, clean_environ, environment

SCRIPT = Path(__file__).with_name("sign_with_official_sdk.py")


def random_requests(count):
    """Requests of every kind of host, key, time and body; the same ones each time."""
    chance = random.Random(20180416)
    letters = string.ascii_letters + string.digits
    text = letters + ' "\\\n\t{}[]中文é😀'
    hosts = ("scf.tencentcloudapi.com", "scf.internal.tencentcloudapi.com", "127.0.0.1:9000", "[::1]:8080")
    return [
        {
            "host": chance.choice(hosts),
            "secret_key": "".join(chance.choices(letters, k=chance.randint(1, 100))),
            "timestamp": chance.randint(0, 4_000_000_000),
            "body": json.dumps({"ClientContext": "".join(chance.choices(text, k=chance.randint(0, 300)))}),
        }
        for _ in range(count)
    ]


def our_signature(asked):
    """The signature of the request that the client would send."""
    origin = Origin("https", asked["host"], 443, asked["host"])
    moment = Moment(0.0, float(asked["timestamp"]), Identity("AKID", asked["secret_key"], None))
    request = signed_request(origin, "ap-guangzhou", "Invoke", asked["body"].encode("utf-8"), moment)
    return request.split(b"Signature=")[1].split(b"\r\n")[0].decode("ascii")


def test_a_thousand_random_requests_are_signed_alike():
    """Of a thousand random requests, the official SDK and we make the same signatures."""
    version = "{}.{}".format(*sys.version_info[:2])
    python = environment(version, "official", "--no-deps", "-r", CONSTRAINTS / "peers-official.txt")
    requests = random_requests(1000)
    command = [python, SCRIPT]
    done = subprocess.run(
        command, input=json.dumps(requests), env=clean_environ(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [our_signature(asked) for asked in requests] == json.loads(done.stdout)
