"""The contenders: clients whose invocations are measured.

A contender is a function that gets a target. It returns a function without arguments, which invokes once and returns
the answer. A target is a dict: `port`, `authority` (a PEM file) and `request`, the bytes that our client sent, as
Latin-1 text.

Imports are inside the functions, because their time is measured in a new process.
"""

EVENT = {"key1": "test value 1", "key2": "test value 2"}
KEYS = {"secret_id": "AKIDEXAMPLE", "secret_key": "example-secret-key"}
REGION = "ap-guangzhou"
FUNCTION = "FuncInvoked"
LOADING_SECONDS = 1  # of a function that has more to load
TIMEOUT = 310  # seconds, for all contenders with a time-out


def bare(target):
    """A TLS socket without a timeout. It sends prepared bytes and reads as many bytes as Content-Length says."""
    import socket
    import ssl

    plain = socket.create_connection(("127.0.0.1", target["port"]))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock = ssl.create_default_context(cafile=target["authority"]).wrap_socket(plain, server_hostname="127.0.0.1")
    request = target["request"].encode("latin-1")

    def invoke():
        sock.sendall(request)
        data = sock.recv(65536)
        while b"\r\n\r\n" not in data:
            data += sock.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += sock.recv(65536)
        return body

    return invoke


def prepared(target):
    """The headers and the body of the request that our client sent."""
    head, _, text = target["request"].partition("\r\n\r\n")
    return dict(line.split(": ", 1) for line in head.split("\r\n")[1:]), text.encode("latin-1")


def http_client(target):
    """http.client with a timeout, on one connection. Headers and body are prepared: no JSON, no signing."""
    import http.client
    import ssl

    context = ssl.create_default_context(cafile=target["authority"])
    connection = http.client.HTTPSConnection("127.0.0.1", target["port"], timeout=TIMEOUT, context=context)
    headers, body = prepared(target)

    def invoke():
        connection.request("POST", "/", body, headers)
        return connection.getresponse().read()

    return invoke


def ours(target):
    """Client.invoke with every setting at its default."""
    client = _our_client(target)

    def invoke():
        return client.invoke(FUNCTION, data=EVENT)

    return invoke


def ours_ahead(target):
    """Ours in a function that called `connect` while it was loaded, and whose first event comes a while later."""
    import time

    client = _our_client(target)
    client.connect()
    time.sleep(LOADING_SECONDS)
    return lambda: client.invoke(FUNCTION, data=EVENT)


def _our_client(target):
    from tencentserverless import scf

    endpoint = f"https://127.0.0.1:{target['port']}"
    return scf.Client(REGION, **KEYS, endpoint=endpoint, ca_file=target["authority"])


def official(target):
    """The official SDK as its documentation uses it, with keepAlive."""
    import json

    from tencentcloud.common.credential import Credential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.scf.v20180416 import models, scf_client

    profile = ClientProfile(httpProfile=_http_profile(target)(reqTimeout=TIMEOUT, keepAlive=True))
    client = scf_client.ScfClient(Credential(KEYS["secret_id"], KEYS["secret_key"]), REGION, profile)

    def invoke():
        request = models.InvokeRequest()
        request.FunctionName = FUNCTION
        request.ClientContext = json.dumps(EVENT)
        return client.Invoke(request).Result.RetMsg

    return invoke


def predecessor(target):
    """The package 0.1.7. Its host is in its code, so its HttpProfile is replaced here."""
    from tencentserverless import scf

    http_profile = _http_profile(target)
    scf.HttpProfile = lambda **options: http_profile(reqTimeout=options["reqTimeout"], keepAlive=options["keepAlive"])

    def invoke():
        return scf.invoke(FUNCTION, region=REGION, **KEYS, data=EVENT)

    return invoke


def _http_profile(target):
    import functools

    from tencentcloud.common.profile.http_profile import HttpProfile

    return functools.partial(HttpProfile, endpoint=f"127.0.0.1:{target['port']}", certification=target["authority"])


CONTENDERS = {make.__name__: make for make in (bare, http_client, ours, official, predecessor)}


def connected(name, target):
    """The function of a contender, connected and warm. Its first answer is checked."""
    invoke = CONTENDERS[name](target)
    answer = invoke()
    assert "Hello World" in (answer.decode() if isinstance(answer, bytes) else answer), answer
    return invoke
