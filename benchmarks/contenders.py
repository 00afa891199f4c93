"""The contenders: who invokes, and how.

Each is a function of a place that returns a function of nothing, which invokes once and returns the answer. A place has
`port`, `authority` (PEM file) and `request`, the bytes that our client sent, as Latin-1 text.

Imports stand inside, because a fresh process measures them.
"""

EVENT = {"key1": "test value 1", "key2": "test value 2"}
KEYS = {"secret_id": "AKIDEXAMPLE", "secret_key": "example-secret-key"}
REGION = "ap-guangzhou"
FUNCTION = "FuncInvoked"
LOADING_SECONDS = 1  # of a function that has more to load
TIMEOUT = 310  # seconds, of every contender that has one


def bare(place):
    """A TLS socket without a timeout: sends bytes made beforehand, reads until Content-Length is there."""
    import socket
    import ssl

    plain = socket.create_connection(("127.0.0.1", place["port"]))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock = ssl.create_default_context(cafile=place["authority"]).wrap_socket(plain, server_hostname="127.0.0.1")
    request = place["request"].encode("latin-1")

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


def prepared(place):
    """The headers and the body of the request that our client sent."""
    head, _, text = place["request"].partition("\r\n\r\n")
    return dict(line.split(": ", 1) for line in head.split("\r\n")[1:]), text.encode("latin-1")


def http_client(place):
    """http.client with a timeout on one connection: headers and body made beforehand, so no JSON and no signing."""
    import http.client
    import ssl

    context = ssl.create_default_context(cafile=place["authority"])
    connection = http.client.HTTPSConnection("127.0.0.1", place["port"], timeout=TIMEOUT, context=context)
    headers, body = prepared(place)

    def invoke():
        connection.request("POST", "/", body, headers)
        return connection.getresponse().read()

    return invoke


def ours(place):
    """Client.invoke with every setting at its default."""
    client = _our_client(place)

    def invoke():
        return client.invoke(FUNCTION, data=EVENT)

    return invoke


def ours_ahead(place):
    """Ours in a function that called `connect` while it was loaded, and whose first event comes a while later."""
    import time

    client = _our_client(place)
    client.connect()
    time.sleep(LOADING_SECONDS)
    return lambda: client.invoke(FUNCTION, data=EVENT)


def _our_client(place):
    from tencentserverless import scf

    endpoint = f"https://127.0.0.1:{place['port']}"
    return scf.Client(REGION, **KEYS, endpoint=endpoint, ca_file=place["authority"])


def official(place):
    """The official SDK as its documentation uses it, with keepAlive."""
    import json

    from tencentcloud.common.credential import Credential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.scf.v20180416 import models, scf_client

    profile = ClientProfile(httpProfile=_http_profile(place)(reqTimeout=TIMEOUT, keepAlive=True))
    client = scf_client.ScfClient(Credential(KEYS["secret_id"], KEYS["secret_key"]), REGION, profile)

    def invoke():
        request = models.InvokeRequest()
        request.FunctionName = FUNCTION
        request.ClientContext = json.dumps(EVENT)
        return client.Invoke(request).Result.RetMsg

    return invoke


def predecessor(place):
    """The package 0.1.7, which names its host in code: its HttpProfile is led here."""
    from tencentserverless import scf

    http_profile = _http_profile(place)
    scf.HttpProfile = lambda **options: http_profile(reqTimeout=options["reqTimeout"], keepAlive=options["keepAlive"])

    def invoke():
        return scf.invoke(FUNCTION, region=REGION, **KEYS, data=EVENT)

    return invoke


def _http_profile(place):
    import functools

    from tencentcloud.common.profile.http_profile import HttpProfile

    return functools.partial(HttpProfile, endpoint=f"127.0.0.1:{place['port']}", certification=place["authority"])


CONTENDERS = {make.__name__: make for make in (bare, http_client, ours, official, predecessor)}


def connected(name, place):
    """The contender's function, connected and warm, after a look at its first answer."""
    invoke = CONTENDERS[name](place)
    answer = invoke()
    assert "Hello World" in (answer.decode() if isinstance(answer, bytes) else answer), answer
    return invoke
