# -*- coding: utf-8 -*-
"""The debugger of a worker: pdb on a terminal, or debugpy on a port. While it stops the function, time limits pause.

One file, standard library only, Python 2.7 and later. Only `bootstrap.py` loads it, if debugging was asked for.
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

# References of our own, because functions may replace these names (monkeypatching).
_sleep, _getpid = time.sleep, os.getpid


def make_debugger(settings, worker, now):
    """The debugger that `settings` name. worker: the `LoadedFunction`. now: its clock."""
    return {"pdb": OnTerminal, "debugpy": OnPort}[settings["with"]](settings, worker, now)


class Pauses(object):
    """Reports to the endpoint when the function is stopped and when it continues. To be used in a `with` statement.

    Several debuggers can hold the function at the same time, in different threads. It counts as stopped until the last
    one lets go. With a debugger any thread can send frames, so a lock makes them take turns on the channel.
    """

    def __init__(self, channel, now):
        self.now = now
        self.channel = channel
        self.send_lock = threading.RLock()
        self.holders = 0
        self.since = self.total = 0.0
        self.send_unlocked = channel.send
        channel.send = self.send

    def send(self, *frame):
        with self.send_lock:
            self.send_unlocked(*frame)

    def __enter__(self):
        with self.send_lock:
            self.holders += 1
            if self.holders == 1:
                self.since = self.now()
                self.report(PAUSED)

    def __exit__(self, *_):
        with self.send_lock:
            self.holders -= 1
            if not self.holders:
                self.total += self.now() - self.since
                self.report(RESUMED)

    def report(self, kind):
        if _getpid() == self.channel.owner:  # a child that the function has forked does not report
            self.send(kind, {})

    def clock(self):
        """The worker's clock without the pauses."""
        return (self.since if self.holders else self.now()) - self.total


class Terminal(object):
    """The terminal that pdb uses. All workers share it: one of them has the lock and uses it, the others wait.

    path: the path of the terminal. lock_path: the path of the lock's file.
    """

    def __init__(self, path, lock_path):
        self.path = path
        self.lock_path = lock_path
        self.locked = -1
        self.streams = ()  # type: tuple[object, ...]

    def open(self):
        """The terminal's reading and writing stream."""
        if not self.streams:
            # O_NOCTTY: it must not become this session's terminal, whose Ctrl-C would send SIGINT to the worker.
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

    def acquire(self):
        """Wait until no other worker uses the terminal. A killed process loses the lock (flock(2))."""
        if self.locked < 0:
            descriptor = os.open(self.lock_path, os.O_RDWR | os.O_CREAT, 0o600)
            lock_file(descriptor)
            self.locked = descriptor

    def release(self):
        if self.locked >= 0:
            unlock_file(self.locked)
            self.locked = -1


def lock_file(descriptor):
    import fcntl

    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX)
        except EnvironmentError as error:  # Python 2.7 does not repeat a call that a signal interrupted
            if error.errno != EINTR:
                raise


def unlock_file(descriptor):
    """Free the lock and close its file. Closing alone is not enough: a child of the function may have the file open."""
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


class OnTerminal(object):
    """pdb on the endpoint's terminal. A function's own stdin is empty, and its stdout is the log.

    settings: "terminal" and "lock" are the paths of the terminal and of its lock. worker: the `LoadedFunction`.
    now: the worker's clock.
    """

    def __init__(self, settings, worker, now):
        self.pauses = Pauses(worker.channel, now)
        self.clock = self.pauses.clock
        self.terminal = Terminal(settings["terminal"], settings["lock"])
        self.hooks = {"pdb": self.on_pdb}
        self.worker = worker
        self.send_frame = worker.channel.send
        worker.channel.send = self.send

    def start(self):
        pass

    def send(self, kind, *more):
        """Send a frame. With a function's answer the terminal is released, also if the function was being stepped."""
        if kind < PAUSED and not self.pauses.holders:
            self.terminal.release()
        self.send_frame(kind, *more)

    def on_pdb(self, module):
        use_terminal(self.terminal, self.pauses, module.Pdb, self.heading)
        hide_worker_frames(module.Pdb)

    def heading(self):
        """The line over a prompt: several functions use the terminal in turn."""
        when = "request %s" % self.worker.request_id if self.worker.request_id else "while it is loaded"
        return "Stopped in %s, %s" % (self.worker.context["function_name"], when)


def use_terminal(terminal, pauses, kind, heading):
    """Change a class of debuggers: without streams of their own they use the terminal, and time limits pause.

    heading: returns the line to print when the terminal changes to this worker.
    """
    initialize, interact = kind.__init__, kind.interaction

    def initialize_on_terminal(debugger, completekey="tab", stdin=None, stdout=None, *more, **named):
        if stdin is None and stdout is None:
            stdin, stdout = terminal.open()
            named.pop("mode", None)  # with "inline", `quit` asks on stdin and then ends the process
        initialize(debugger, completekey, stdin, stdout, *more, **named)

    def interact_on_terminal(debugger, *arguments, **named):
        with pauses:
            if debugger.stdin not in terminal.streams:
                return interact(debugger, *arguments, **named)
            is_new = terminal.locked < 0
            terminal.acquire()
            if is_new:
                debugger.stdout.write(heading() + "\n")
            try:
                return interact(debugger, *arguments, **named)
            finally:
                if debugger.stopframe is debugger.botframe:  # `continue`: while it steps, it keeps the terminal
                    terminal.release()

    kind.__init__, kind.interaction = initialize_on_terminal, interact_on_terminal


def hide_worker_frames(kind):
    """Change a class of debuggers: they neither show the worker's frames nor stop in them. A step out of the function
    continues to the end of the invocation.
    """
    stops_here, stack_of = kind.stop_here, kind.get_stack

    def stop_here(debugger, frame):
        if not is_worker_frame(frame):
            return stops_here(debugger, frame)
        if has_left_the_function(frame):
            debugger.set_continue()
        return False

    def get_stack(debugger, *position):
        stack, index = stack_of(debugger, *position)
        below = 0
        while below < index and is_worker_frame(stack[below][0]):
            below += 1
        return stack[below:], index - below

    kind.stop_here, kind.get_stack = stop_here, get_stack


def is_worker_frame(frame):
    return os.path.dirname(frame.f_code.co_filename) == HERE


def has_left_the_function(frame):
    while frame is not None and is_worker_frame(frame):
        frame = frame.f_back
    return frame is None


class OnPort(object):
    """debugpy, which listens on a port before the function is loaded.

    Time limits pause while a client is attached, and while the function waits for one.

    settings: "folder" is the function's folder, for the text of an error. worker: the `LoadedFunction`. now: its clock.
    """

    def __init__(self, settings, worker, now):
        self.folder = settings["folder"]
        self.pauses = Pauses(worker.channel, now)
        self.clock = now  # an attached client does not always stop the function, so its duration is measured as usual
        self.hooks = {}

    def start(self):
        debugpy = self.load()
        address = debugpy.listen(("127.0.0.1", 0))
        wait_for_client = debugpy.wait_for_client

        def listen(*_, **__):
            return address

        def wait():
            with self.pauses:
                wait_for_client()

        vars(wait).update(vars(wait_for_client))  # users call `wait_for_client.cancel()`
        debugpy.listen, debugpy.wait_for_client = listen, wait
        self.watch(debugpy.is_client_connected)
        self.pauses.send(LISTENS, {"port": address[1]})

    def load(self):
        # Otherwise debugpy writes a warning about frozen modules to the function's log.
        os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        try:
            import debugpy
        except ImportError:
            raise ImportError("debugpy is not installed for this function: pip install debugpy -t %s" % self.folder)
        return debugpy

    def watch(self, is_attached):
        """Pause while a client is attached. debugpy reports neither its coming nor its going, so a thread looks."""

        def pause_while_attached():
            while True:
                wait_until(is_attached)
                with self.pauses:
                    wait_until(lambda: not is_attached())

        thread = threading.Thread(target=pause_while_attached, name="debugger")
        thread.daemon = True
        vars(thread).update(pydev_do_not_trace=True, is_pydev_daemon_thread=True)  # debugpy leaves this thread alone
        thread.start()


def wait_until(condition):
    while not condition():
        _sleep(1.0 / LOOKS_PER_SECOND)
