"""SCF's host names in the command of ``local exec``."""

import sys

import pytest

from tests.environments import CONSTRAINTS, environment

HOST = "scf.ap-chengdu.tencentcloudapi.com"
BEGIN = f"""
import json, sys, time
HOST = {HOST!r}
BODY = '{{"FunctionName": "hello"}}'
HEAD = {{"Authorization": "SKIP", "X-TC-Action": "Invoke", "X-TC-Version": "2018-04-16", "X-TC-Region": "ap-chengdu"}}
HEAD.update({{"X-TC-Timestamp": str(int(time.time())), "Content-Type": "application/json"}})

def invoke():
    from http.client import HTTPSConnection
    connection = HTTPSConnection(HOST, timeout=60)
    connection.request("POST", "/", BODY, HEAD)
    return connection.getresponse().read().decode()

async def invoke_on_loop():
    reader, writer = await asyncio.open_connection(HOST, 443, ssl=True)
    head = "".join(f"{{name}}: {{HEAD[name]}}\\r\\n" for name in HEAD)
    first = f"POST / HTTP/1.0\\r\\nHost: {{HOST}}\\r\\nContent-Length: {{len(BODY)}}\\r\\n"
    writer.write(f"{{first}}{{head}}\\r\\n{{BODY}}".encode())
    answer = (await reader.read()).decode()
    writer.close()
    return answer

def show(*answers):
    results = [json.loads(answer[answer.index("{{"):])["Response"]["Result"]["RetMsg"] for answer in answers]
    print([json.loads(result)["region"] for result in results])
"""
PROGRAMS = {
    "uvloop": ("import asyncio, uvloop", "show(uvloop.run(invoke_on_loop()))"),
    "gevent": (
        "import gevent.monkey; gevent.monkey.patch_all()",
        "show(*[job.get() for job in [gevent.spawn(invoke) for _ in range(2)]])",
    ),
    "eventlet": (
        "import warnings; warnings.simplefilter('ignore'); import eventlet; eventlet.monkey_patch()",
        "show(invoke())",
    ),
}


def test_every_way_of_waiting(command, functions, tmp_path):
    """Programs on uvloop, gevent and eventlet reach the endpoint by SCF's name, whatever proxies are set."""
    version = "{}.{}".format(*sys.version_info[:2])
    python = environment(version, "surroundings", "--no-deps", "-r", CONSTRAINTS / "surroundings.txt")
    lines = []
    for name, (first, last) in PROGRAMS.items():
        (tmp_path / f"on_{name}.py").write_text(f"{first}\n{BEGIN}\n{last}\n")
        lines.append(f"{python} {tmp_path}/on_{name}.py")
    proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    done = command("local", "exec", functions, "--", "sh", "-ec", "\n".join(lines), **proxies)
    assert done.returncode == 0, done.stderr
    assert done.stdout.replace("'", "").split("\n")[:-1] == [
        "[ap-chengdu]",
        "[ap-chengdu, ap-chengdu]",
        "[ap-chengdu]",
    ]
    assert "requests sent: 4\nconnections opened: 4\n" in done.stderr


@pytest.mark.parametrize("options", [(), ("--cloud",)])
def test_nothing_came(command, functions, options):
    """If no request came, the summary says so and why it may be; --cloud leads nothing, and says that."""
    ask = "import os; print('TENCENTSERVERLESS_HOSTS' in os.environ, '_socket' in __import__('sys').modules)"
    done = command("local", "exec", functions, *options, "--", sys.executable, "-I", "-c", ask)
    assert done.stdout == f"{not options} False\n"
    assert "\nNo request reached the local endpoint. " in done.stderr
    assert ("--cloud" in done.stderr, "-I" in done.stderr) == (bool(options), not options)
