"""Performs the effects of one exchange from a script: the outside world, written down."""

import json

from tencentserverless._protocol.effects import CLOSE, KEEP, READ, Fault, Moment, Open, Origin, Sleep, Write
from tencentserverless._protocol.exchange import exchange
from tencentserverless._protocol.identity import Identity
from tencentserverless._protocol.invoke import Invocation
from tencentserverless.exception import ServerlessError

IDENTITY = Identity("AKIDEXAMPLE", "example-secret-key", None)
NOW, WALL = 1000.0, 1700000000.0


def an_origin():
    """An origin that no other test corrects the clock of."""
    return Origin("http", "127.0.0.1", 9000, "127.0.0.1:9000")


def an_invocation(timeout=310.0, **more):
    """One invocation."""
    return Invocation(more.pop("origin", None) or an_origin(), "ap-guangzhou", "Invoke", b"{}", timeout, **more)


def answer(content, status="200 OK", head=""):
    """An HTTP response as bytes."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode("utf-8")
    lines = "HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n" % (status, len(body), head)
    return lines.encode("ascii") + body


def result(ret_msg='"Hello"', **fields):
    """An answer with a result."""
    return answer({"Response": {"Result": dict({"RetMsg": ret_msg, "InvokeResult": 0}, **fields), "RequestId": "r"}})


def failure(status):
    """An answer that tells of a failed execution."""
    told = {"errorCode": -1, "errorMessage": "it failed", "statusCode": status}
    return result(json.dumps(told), InvokeResult=1)


def refusal(code, message="refused"):
    """An answer with an API error."""
    return answer({"Response": {"Error": {"Code": code, "Message": message}, "RequestId": "r"}})


OPENED, TAKEN, EOF = "opened", "taken", b""


class Script:
    """What happens to Open, Write and READ, in this order; KEEP and CLOSE succeed, and Sleep advances the clock.

    A step is OPENED, TAKEN, bytes that arrive, or a Fault. Bytes that have run out are the end of the connection.
    `effects` are those that were performed, in short; `requests` what was written; `opens` and `sleeps` the effects.
    """

    def __init__(self, *steps, pause=0.0, identities=()):
        self.steps = list(steps)
        self.pause = pause
        self.identities = list(identities)
        self.now, self.wall = NOW, WALL
        self.effects, self.requests, self.opens, self.sleeps = [], [], [], []
        self._ended = False

    def perform(self, invocation=None, identity=IDENTITY):
        """Run an exchange to its end."""
        steps = exchange(invocation or an_invocation(), Moment(self.now, self.wall, identity))
        try:
            effect = next(steps)
            while True:
                try:
                    reply = self._reply(effect, identity)
                except (Fault, ServerlessError) as fault:
                    effect = steps.throw(fault)
                else:
                    effect = steps.send(reply)
        except StopIteration as end:
            return end.value
        finally:
            self.left = self.steps

    def _reply(self, effect, identity):
        name = effect.name if effect in (READ, KEEP, CLOSE) else type(effect).__name__
        self.effects.append(name)
        if effect in (KEEP, CLOSE):
            return None
        if isinstance(effect, Sleep):
            self.sleeps.append(effect)
            self.now += self.pause
            self.wall += self.pause
            following = self.identities.pop(0) if self.identities else identity
            if isinstance(following, ServerlessError):
                raise following
            return Moment(self.now, self.wall, following)
        if isinstance(effect, Open):
            self.opens.append(effect)
            self._ended = False
        if effect is READ and self._ended:
            return EOF
        step = self.steps.pop(0)
        if isinstance(step, Fault):
            raise step
        if isinstance(effect, Write):
            self.requests.append(bytes(effect.data))
        expected = {Open: OPENED, Write: TAKEN}.get(type(effect))
        assert step == expected or (effect is READ and isinstance(step, bytes)), (name, step)
        self._ended = step == EOF
        return step if effect is READ else None
