# -*- coding: utf-8 -*-
"""The debugger of a worker: pdb on a terminal, or debugpy on a port. Time stands still while it holds the function.

A part of the worker, loaded by `bootstrap.py` where debugging was asked for, imported by nobody; standard library
only, for every Python from 2.7 on.
"""

import io
import os
import sys
import threading
import time

PAUSED, RESUMED, LISTENS = 22, 23, 24
EINTR = 4
LOOKS_PER_SECOND = 10
HERE = os.path.dirname(os.path.abspath(__file__))

# Held here, because functions may put others in their place.
_sleep, _getpid = time.sleep, os.getpid


def of(settings, worker, now):
    return {"pdb": OnTerminal, "debugpy": OnPort}[settings["with"]](settings, worker, now)


class Pauses(object):
    """Tells the endpoint from when to when the function is held, by however many debuggers at a time.

    Frames come from any thread now, so that they take turns on the channel.
    """

    def __init__(self, channel, now):
        self.now = now
        self.channel = channel
        self.turn = threading.RLock()
        self.holders = 0
        self.since = self.total = 0.0
        self.unguarded = channel.send
        channel.send = self.send

    def send(self, *frame):
        with self.turn:
            self.unguarded(*frame)

    def __enter__(self):
        with self.turn:
            self.holders += 1
            if self.holders == 1:
                self.since = self.now()
                self.tell(PAUSED)

    def __exit__(self, *_):
        with self.turn:
            self.holders -= 1
            if not self.holders:
                self.total += self.now() - self.since
                self.tell(RESUMED)

    def tell(self, kind):
        if _getpid() == self.channel.owner:  # not a child that the function forked
            self.send(kind, {})

    def clock(self):
        """The time without the pauses."""
        return (self.since if self.holders else self.now()) - self.total


class Terminal(object):
    """What debuggers talk on. It is one for all workers: who has the lock talks, the others wait."""

    def __init__(self, path, lock):
        self.path = path
        self.lock = lock
        self.locked = -1
        self.streams = ()  # type: tuple[object, ...]

    def open(self):
        if not self.streams:
            reading = os.open(self.path, os.O_RDWR | os.O_NOCTTY)
            writing = os.dup(reading)
            if sys.version_info[0] == 2:
                self.streams = os.fdopen(reading, "r"), os.fdopen(writing, "w", 0)
            else:
                self.streams = tuple(
                    io.open(descriptor, mode, encoding="utf-8", errors="replace")
                    for descriptor, mode in ((reading, "r"), (writing, "w"))
                )
        return self.streams

    def take(self):
        if self.locked < 0:
            descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT, 0o600)
            lock(descriptor)
            self.locked = descriptor

    def leave(self):
        if self.locked >= 0:
            unlock(self.locked)
            self.locked = -1


def lock(descriptor):
    import fcntl

    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX)
        except EnvironmentError as error:  # 2.7 does not go on after a signal
            if error.errno != EINTR:
                raise


def unlock(descriptor):
    """Also where a child that the function has forked has the descriptor too."""
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


class OnTerminal(object):
    """pdb as functions use it, on the endpoint's terminal: their own stdin is empty and their stdout is the log."""

    def __init__(self, settings, worker, now):
        self.pauses = Pauses(worker.channel, now)
        self.clock = self.pauses.clock
        self.terminal = Terminal(settings["terminal"], settings["lock"])
        self.waiting = {"pdb": self.on_pdb}
        self.answer = worker.channel.send
        worker.channel.send = self.send

    def start(self):
        pass

    def send(self, kind, *more):
        """With its answer a function gives up the terminal, also where nobody told its debugger to continue."""
        if kind < PAUSED and not self.pauses.holders:
            self.terminal.leave()
        self.answer(kind, *more)

    def on_pdb(self, module):
        talk_on(self.terminal, self.pauses, module.Pdb)
        keep_to_the_function(module.Pdb)


def talk_on(terminal, pauses, kind):
    """Have debuggers of this class that were given no streams talk on the terminal, while time stands still."""
    initialize, interact = kind.__init__, kind.interaction

    def initialize_there(debugger, completekey="tab", stdin=None, stdout=None, *more, **named):
        if stdin is None and stdout is None:
            stdin, stdout = terminal.open()
            named.pop("mode", None)  # "inline" has `quit` end the process, after a question on stdin
        initialize(debugger, completekey, stdin, stdout, *more, **named)

    def interact_there(debugger, *arguments, **named):
        with pauses:
            if debugger.stdin not in terminal.streams:
                return interact(debugger, *arguments, **named)
            terminal.take()
            try:
                return interact(debugger, *arguments, **named)
            finally:
                if debugger.stopframe is debugger.botframe:  # it does not step
                    terminal.leave()

    kind.__init__, kind.interaction = initialize_there, interact_there


def keep_to_the_function(kind):
    """Have debuggers of this class show no frame of the worker and stop in none: out of the function one goes on."""
    stops_here, stack_of = kind.stop_here, kind.get_stack

    def stop_here(debugger, frame):
        if not is_ours(frame):
            return stops_here(debugger, frame)
        if has_left_the_function(frame):
            debugger.set_continue()
        return False

    def get_stack(debugger, *place):
        stack, index = stack_of(debugger, *place)
        below = 0
        while below < index and is_ours(stack[below][0]):
            below += 1
        return stack[below:], index - below

    kind.stop_here, kind.get_stack = stop_here, get_stack


def is_ours(frame):
    return os.path.dirname(frame.f_code.co_filename) == HERE


def has_left_the_function(frame):
    while frame is not None and is_ours(frame):
        frame = frame.f_back
    return frame is None


class OnPort(object):
    """debugpy, which listens before the function is loaded. Time stands still while a client is attached, and while
    the function waits for one."""

    def __init__(self, settings, worker, now):
        self.folder = settings["folder"]
        self.pauses = Pauses(worker.channel, now)
        self.clock = now  # an attached client does not stop the function all the time
        self.waiting = {}

    def start(self):
        debugpy = self.load()
        address = debugpy.listen(("127.0.0.1", 0))
        wait_for_client = debugpy.wait_for_client

        def listen(*_, **__):
            return address

        def wait():
            with self.pauses:
                wait_for_client()

        vars(wait).update(vars(wait_for_client))  # its `cancel`
        debugpy.listen, debugpy.wait_for_client = listen, wait
        self.watch(debugpy.is_client_connected)
        self.pauses.send(LISTENS, {"port": address[1]})

    def load(self):
        os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # nothing about frozen modules in the log
        try:
            import debugpy
        except ImportError:
            raise ImportError("debugpy is not there to debug with: pip install debugpy -t %s" % self.folder)
        return debugpy

    def watch(self, is_attached):
        """Nothing tells of a client that has gone: look."""

        def look():
            while True:
                until(is_attached)
                with self.pauses:
                    until(lambda: not is_attached())

        thread = threading.Thread(target=look, name="debugger")
        thread.daemon = True
        vars(thread).update(pydev_do_not_trace=True, is_pydev_daemon_thread=True)  # it is not debugged itself
        thread.start()


def until(condition):
    while not condition():
        _sleep(1.0 / LOOKS_PER_SECOND)
