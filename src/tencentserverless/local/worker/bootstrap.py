# -*- coding: utf-8 -*-
"""The worker: the process that runs one function, one event at a time.

One file, standard library only, Python 2.7 and later. Processes run it as their script. Only the endpoint's in-process
mode loads it as a module. There are three command lines:

- ``CHANNEL LIFE_LINE``: a worker. The arguments are the numbers of two descriptors that it inherits.
- ``connect``: a worker that opens the channel itself. On Windows a child cannot inherit the descriptors.
- ``serve ...``: a fork server, whose children are workers. It loads `fork_server.py`, which is in the same folder.

Three more files are in the same folder: `redirect.py` leads SCF's host names to the endpoint, `debugger.py` is for
debugging, and `python27.py` is for text on Python 2.7.

The channel is a stream socket. It carries frames: ``>BII`` (kind, bytes of the head, bytes of the body), the head (a
JSON object) and the body. `processes/frames.py` is the other end. The endpoint sends one frame, and the worker answers
with one. Results travel only on the channel, because stdout and stderr belong to the function.

The life line is a pipe. Nothing is written to it. The kernel closes it when the endpoint ends, also if the endpoint is
killed.
"""

import sys

IS_2 = sys.version_info[0] == 2
if IS_2 and __name__ == "__main__":
    del sys.path[0]  # this file's folder; later Pythons have the option -I for this

import io
import json
import os
import struct
import time

try:
    import fcntl
    import resource
except ImportError:  # Windows
    fcntl = resource = None  # type: ignore[assignment]

THIS_FILE = (lambda: None).__code__.co_filename  # the path of the source, also if the compiled file is run
HEAD = struct.Struct(">BII")
SETTINGS, EVENT = 1, 2
READY, NOT_STARTED, RESULT, RAISED, BAD_EVENT, TOO_LARGE, NOT_SET_UP = 16, 17, 18, 19, 20, 21, 25
READ_BYTES = 1 << 16  # for a larger buffer the allocator would get memory from the kernel at each read
EINTR = 4
F_SETSIG = 10  # Linux; the module `fcntl` has no name for it
OPEN_FILES = 1024
TRACEBACK_CHARACTERS = 1 << 20
CONNECT_SECONDS = 30
SECRET_ID = "TENCENTCLOUD_SECRETID"
SPARE_DESCRIPTOR = 512  # high, because some functions close all low descriptors; less if fewer are allowed

# References of our own, because functions may replace these names (monkeypatching).
_now = getattr(time, "perf_counter", time.time)
_read, _write, _exit, _getpid, _fstat, _dup2 = os.read, os.write, os._exit, os.getpid, os.fstat, os.dup2
_read_file, _write_file, _lseek = os.read, os.write, os.lseek  # `connect_back` replaces only the first two
_environ = os.environ
_usage, _SELF = getattr(resource, "getrusage", None), getattr(resource, "RUSAGE_SELF", 0)
_to_json, _head_from_json = json.JSONEncoder().encode, json.JSONDecoder().decode
_siblings = {}  # type: dict[str, dict[str, object]]


def load_sibling(name):
    """The names in another file of this folder, which is loaded by its path once.

    A dict of names, not a module: Python 2.7 clears the names of a module that is not referenced any more.
    """
    names = _siblings.get(name)
    if names is None:
        path = os.path.join(os.path.dirname(os.path.abspath(THIS_FILE)), name)
        names = _siblings[name] = {"__name__": name.partition(".")[0], "__file__": path}
        with io.open(path, "rb") as file:
            exec(compile(file.read(), path, "exec"), names)  # noqa: S102
    return names


if IS_2:
    python27 = load_sibling("python27.py")


class EndpointGone(Exception):
    """The endpoint has closed the channel."""


class FrameChannel(object):
    """Frames over a stream socket.

    descriptor: the socket's descriptor, or the socket itself if `_read` and `_write` are methods of sockets.
    wait_for_input: returns when there is something to read, or at once.
    """

    def __init__(self, descriptor, wait_for_input=lambda: None):
        self.descriptor = descriptor
        self.owner = _getpid()
        self.wait_for_input = wait_for_input

    def receive(self):
        """The next frame. It ends where the received bytes end: the endpoint sends the next one after the answer."""
        self.wait_for_input()
        data = self._at_least(HEAD.size, b"")
        kind, head_bytes, body_bytes = HEAD.unpack_from(data)
        body = HEAD.size + head_bytes
        if len(data) < body + body_bytes:
            data = self._at_least(body + body_bytes, data)
        return kind, _head_from_json(data[HEAD.size : body].decode("utf-8")), data[body:]

    def send(self, kind, head, body=b""):
        if _getpid() != self.owner:
            _exit(0)  # the handler has forked, and this is the child returning from it; only the parent answers
        head = _to_json(head).encode("utf-8")
        data = HEAD.pack(kind, len(head), len(body)) + head + body
        sent = self._retried(_write, self.descriptor, data)
        if sent < len(data):
            data = memoryview(data)
            while sent < len(data):
                sent += self._retried(_write, self.descriptor, data[sent:])

    def _at_least(self, count, data):
        parts, got = [data], len(data)
        while got < count:
            part = self._retried(_read, self.descriptor, READ_BYTES)
            if not part:
                raise EndpointGone()
            parts.append(part)
            got += len(part)
        return b"".join(parts)

    @staticmethod
    def _retried(operation, descriptor, argument):
        while True:
            try:
                return operation(descriptor, argument)
            except EnvironmentError as error:  # errors of Python 2.7's sockets are not OSErrors
                if error.errno != EINTR:
                    raise EndpointGone()


class StandardStreams(object):
    """stdout and stderr as text streams on descriptors 1 and 2.

    Each line is written at once (in 2.7 by the option -u), so that the lines of a worker that is killed are not lost.
    """

    def __init__(self):
        self.spare = high_copy(1)
        for name in ("stdout", "stderr"):
            self._open(name, "__%s__" % name)

    def reopen(self):
        """Open again the streams and descriptors that the function closed during the last event."""
        for descriptor in (1, 2):
            try:
                _fstat(descriptor)
            except OSError:
                _dup2(self.spare, descriptor)
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name, None)
            if stream is None or getattr(stream, "closed", False):
                self._open(name)

    @staticmethod
    def flush():
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:  # the function may have put an object of its own here
                pass

    @staticmethod
    def _open(*names):
        descriptor, errors = (1, "strict") if names[0] == "stdout" else (2, "backslashreplace")
        if IS_2:
            file = sys.__dict__[names[1]] if names[1:] else os.fdopen(os.dup(descriptor), "w", 0)
            stream = python27["TextFile"](file)
        else:
            raw = io.BufferedWriter(io.open(descriptor, "wb", 0, closefd=False))
            stream = io.TextIOWrapper(raw, "utf-8", errors, "\n", line_buffering=True)
        sys.__dict__.update(dict.fromkeys(names, stream))


class PeakMemory(object):
    """The most memory that this process has held since `reset`. Linux; the kernel keeps this high-water mark.

    is_forked: true if the process was forked and has not called execve(2) since. Then ``ru_maxrss`` of getrusage(2) is
    used, which is faster. After an execve it would include the program before, which is that of the parent. So then
    ``VmHWM`` of /proc/self/status is used.
    """

    def __init__(self, is_forked):
        self.clear_refs = self._opened("/proc/self/clear_refs", os.O_WRONLY)
        self.status = -1 if is_forked else self._opened("/proc/self/status", os.O_RDONLY)
        self.bytes = self._by_usage if is_forked else self._by_status

    @staticmethod
    def _opened(path, flags):
        if not fcntl:
            return -1
        try:
            descriptor = os.open(path, flags)
        except EnvironmentError:
            return -1
        try:
            return high_copy(descriptor)
        finally:
            os.close(descriptor)

    def reset(self):
        """Set the high-water mark to what is held now: "5" in clear_refs does that (proc_pid_clear_refs(5))."""
        try:
            _write_file(self.clear_refs, b"5")
        except EnvironmentError:
            pass

    @staticmethod
    def _by_usage():
        return _usage(_SELF).ru_maxrss * 1024  # type: ignore[misc]

    def _by_status(self):
        """None if it is unknown."""
        try:
            _lseek(self.status, 0, 0)
            text = _read_file(self.status, 8192)
            start = text.index(b"VmHWM:") + 6
            return int(text[start : text.index(b"kB", start)]) * 1024
        except (EnvironmentError, ValueError):  # ValueError: the function has closed the file and opened another one
            return None


def set_close_on_exec(descriptor):
    """Keep the programs that the function starts from inheriting this descriptor."""
    if fcntl:  # on Windows a program inherits only descriptors that are passed to it
        fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.fcntl(descriptor, fcntl.F_GETFD) | fcntl.FD_CLOEXEC)


def high_copy(descriptor):
    """A copy of a descriptor with a high number, which started programs do not inherit."""
    if fcntl:
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD, min(SPARE_DESCRIPTOR, most // 2))
    else:
        copy = os.dup(descriptor)
    set_close_on_exec(copy)
    return copy


def die_with_endpoint(life_line):
    """Make the kernel kill this process group when the endpoint ends, whatever the function is doing then.

    O_ASYNC makes the kernel send a signal when the pipe becomes readable, as it does when its other end is closed.
    F_SETSIG makes it SIGKILL instead of SIGIO. F_SETOWN with a negative number means a process group (fcntl(2)).

    A parent-death signal (prctl(2)) has three disadvantages. It does not reach the children that the function starts.
    It comes when the thread ends that has started this process. And it needs ctypes. On other systems than Linux the
    worker ends when it next reads from the channel.
    """
    import signal

    if sys.platform.startswith("linux"):
        fcntl.fcntl(life_line, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(life_line, F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(life_line, fcntl.F_SETFL, fcntl.fcntl(life_line, fcntl.F_GETFL) | fcntl.FASYNC)


def restore_signals():
    """Handle all signals as usual. `nohup`, shells and daemons start processes that ignore or block some of them."""
    import signal

    if sys.platform == "win32":
        return
    of_python = signal.SIGPIPE, signal.SIGXFSZ  # Python ignores them itself
    for number in range(1, signal.NSIG):
        if signal.getsignal(number) == signal.SIG_IGN and number not in of_python:
            is_ctrl_c = number == signal.SIGINT
            signal.signal(number, signal.default_int_handler if is_ctrl_c else signal.SIG_DFL)
    if not IS_2:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # novermin: not on Python 2.7


def limit_resources():
    if not resource:
        return
    for which, most in ((resource.RLIMIT_NOFILE, OPEN_FILES), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(which)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (most, most))


# The names of the next two functions are the platform's. Users see them in the traceback of a function that fails.
def init_handler(handler, folder):
    module_name, _, function_name = handler.rpartition(".")
    return get_func_handler(module_name.replace("/", "."), function_name, folder)


def get_func_handler(module_name, function_name, folder):
    path = os.path.join(folder, module_name.replace(".", os.sep))
    if os.path.exists(path + ".py"):
        sys.modules.pop(module_name, None)  # this file may have loaded a standard module of the same name
        if os.path.dirname(path) != folder:
            sys.path.append(os.path.dirname(path))  # the platform too finds the modules beside it
            if IS_2:
                make_packages(module_name, folder)
    __import__(module_name)
    return getattr(sys.modules[module_name], function_name)


def make_packages(module_name, folder):
    """Let Python 2.7 import a module from folders without an `__init__.py`, as later Pythons do."""
    names = module_name.split(".")
    for count in range(1, len(names)):
        path = os.path.join(folder, *names[:count])
        if not os.path.exists(os.path.join(path, "__init__.py")):
            package = type(sys)(".".join(names[:count]))
            package.__path__ = [path]
            sys.modules[package.__name__] = package


def prepare_logging(module):
    """Set up the root logger as the platform's runtime does before it loads the function.

    https://github.com/tencentyun/scfcli, tcfcli/cmds/native/common/runtime/python3.6/bootstrap.py
    It is called when `logging` is first imported: a function that does not use it should not wait for the import.
    """
    module.root.setLevel(module.DEBUG)
    module.root.addHandler(module.StreamHandler(sys.stdout))


def refuse_constant(name):
    raise ValueError("%s is not JSON" % name)


_from_json = json.JSONDecoder(parse_constant=refuse_constant).decode


def decoded_event(body):
    return _from_json(body.decode("utf-8") if IS_2 else body.decode("utf-8", "surrogatepass"))


class _Encoder(json.JSONEncoder):
    def default(self, value):
        decimal = sys.modules.get("decimal")
        if decimal is not None and isinstance(value, decimal.Decimal):
            return str(value)
        return json.JSONEncoder.default(self, value)


_encoder = _Encoder(ensure_ascii=False)
_encode_ascii = _Encoder().encode
_make_encoder, _quoted = getattr(json.encoder, "c_make_encoder", None), json.encoder.encode_basestring


def encode(value):
    if IS_2 or _make_encoder is None:
        return _encoder.encode(value)
    # The same as `_encoder.encode`, with fewer calls. The new dict is where it notes containers, to find circular ones.
    return "".join(_make_encoder({}, _encoder.default, _quoted, None, ": ", ", ", False, False, True)(value, 0))


def encoded_result(value):
    """A handler's result as JSON in UTF-8. Lone surrogates are encoded too."""
    try:
        data = as_bytes(encode(value))
        return data.decode("utf-8") and data if IS_2 else data  # `str` of 2.7 may be in another encoding
    except UnicodeDecodeError:  # Python 2.7 cannot join `str` and `unicode` unless all is escaped to ASCII
        return as_bytes(_encode_ascii(value))
    except TypeError as error:
        error.args = (str(error) + place_without_json(value),)
        raise


def place_without_json(value):
    """The place in a result that JSON does not have, such as `, at ["born"][0] of the result`; "" if none is."""
    place = ""
    try:
        while len(place) < 200:
            parts = value.items() if isinstance(value, dict) else enumerate(value) if _is_array(value) else ()
            key, value = next((key, part) for key, part in parts if _is_json({key: 0}) and not _is_json(part))
            place += "[%s]" % (_encode_ascii if IS_2 else encode)(key)
    except Exception:  # there is no such part, or its key is strange too
        pass
    return place and ", at %s of the result" % place


def _is_array(value):
    return isinstance(value, (list, tuple))


def _is_json(value):
    try:
        encode(value)
    except TypeError:
        return False
    return True


def as_bytes(text):
    """The text in UTF-8. Lone surrogates are encoded too, as Python 2.7 always does; its `str` is bytes already."""
    if not IS_2:
        return text.encode("utf-8", "surrogatepass")
    return text if type(text) is bytes else text.encode("utf-8")


class Tracebacks(object):
    """Tracebacks as the platform shows them: with the platform's paths instead of this machine's.

    shown_paths: pairs of a path on this machine and the path that is shown for it. hidden_files: more files whose
    frames are not those of the function.
    """

    def __init__(self, shown_paths, hidden_files=()):
        self.hidden_files = [THIS_FILE]
        self.hidden_files.extend(hidden_files)
        here, version = os.path.dirname(os.path.abspath(THIS_FILE)), sys.version_info[:2]
        self.shown_paths = shown_paths + [
            (here, "/var/runtime/python%d%d" % version),
            (os.path.dirname(os.__file__), "/var/lang/python3/lib/python%d.%d" % version),
        ]

    def of_function(self):
        """The traceback of the current exception without the worker's frames."""
        return self._shown(self.hidden_files + [names["__file__"] for names in _siblings.values()])

    def whole(self):
        """The traceback of the current exception with all frames."""
        return self._shown([])

    def _shown(self, hidden_files):
        error = sys.exc_info()
        try:
            text = "".join(self._lines(hidden_files, *error))
        except Exception:  # the methods of an exception may raise, such as its __str__
            text = "Traceback (most recent call last):\n%s" % getattr(error[0], "__name__", error[0])
        for real, shown in self.shown_paths:
            text = text.replace('File "%s%s' % (real, os.sep), 'File "%s/' % shown)
        text = text.rstrip("\n")[-TRACEBACK_CHARACTERS:]
        return python27["in_utf8"](text) if IS_2 else as_bytes(text)

    @staticmethod
    def _lines(hidden_files, kind, error, trace):
        import traceback

        if IS_2:
            return python27["traceback_lines"](kind, error, trace, hidden_files)
        whole = vars(traceback)["TracebackException"](kind, error, trace)
        waiting, seen = [whole], set()  # with the exceptions that it was raised from, and those in a group
        while waiting:
            part = waiting.pop()
            if part is None or id(part) in seen:
                continue
            seen.add(id(part))
            part.stack[:] = [frame for frame in part.stack if frame.filename not in hidden_files]
            waiting.extend((part.__cause__, part.__context__))
            waiting.extend(getattr(part, "exceptions", None) or ())
        return whole.format()


def print_exit(error):
    """Print the text of ``sys.exit("text")``, as Python does at its end."""
    if not isinstance(error.code, (int, type(None))):
        try:
            sys.stderr.write("%s\n" % (error.code,))
        except Exception:  # the text or the stream may be an object of the function
            pass


class LoadedFunction(object):
    """The function of this worker: it is loaded once and then gets one event after the other.

    channel: the `FrameChannel`. output: the `StandardStreams`. settings: the head of the endpoint's first frame.
    """

    def __init__(self, channel, output, settings):
        self.channel = channel
        self.output = output
        self.context = settings["context"]
        self.request_id = ""  # of the present event, "" while the function is loaded
        self.variables = settings.get("variables", {})  # of the configuration
        self.credentials = settings.get("credentials", {})  # variables too
        self.result_limit_bytes = settings["result_limit_bytes"]
        self.handler_name, self.folder = settings["handler"], settings["folder"]
        self.sdk_folder = settings["lent"]  # where the endpoint's SDK is, for functions that do not bring one; or ""
        self.tracebacks = Tracebacks(settings["shown_paths"], settings.get("hidden_files", ()))

    def prepare(self):
        """Called before the function is loaded. A debugger replaces this method."""

    def start(self):
        """Load the function and send READY or NOT_STARTED."""
        started = _now()
        try:
            self.prepare()
            self.handler = init_handler(self.handler_name, self.folder)
            answer = READY, b""
        except SystemExit as error:
            self.leave(error)
        except:  # noqa: E722  in Python 2.7 an exception need not be a BaseException
            answer = NOT_STARTED, self.tracebacks.whole()
        self.output.flush()
        head = {
            "init_ms": (_now() - started) * 1000,
            "lent": self._uses_endpoints_sdk(),
            "python": list(sys.version_info[:3]),
        }
        self.channel.send(answer[0], head, answer[1])

    def serve(self, peak):
        """Handle events until the endpoint closes the channel."""
        while True:
            _, head, body = self.channel.receive()
            self.output.reopen()
            if "environment" in head:
                self.credentials = python27["native"](head["environment"]) if IS_2 else head["environment"]
                _environ.update(self.credentials)
            self.set_variables()
            peak.reset()
            kind, answer, body = self.run(head["request_id"], body)
            self.output.flush()
            answer["request_id"] = head["request_id"]
            answer["peak_bytes"] = peak.bytes()
            self.channel.send(kind, answer, body)
            del body  # a large result must not stay in memory until the next event

    def set_variables(self):
        """Set the variables of the configuration and the credentials, as the platform does before each event."""
        if _environ.get(SECRET_ID) != self.credentials.get(SECRET_ID):  # the other two change with it
            _environ.update(self.credentials)
        for name, value in self.variables.items():
            if _environ.get(name) != value:
                _environ[name] = value

    def run(self, request_id, body):
        """Handle one event. Returns the kind, the head and the body of the answer."""
        try:
            event = decoded_event(body)
        except (ValueError, RuntimeError):
            return BAD_EVENT, {}, b""
        self.request_id = request_id
        context = dict(self.context, request_id=request_id)
        started = _now()
        try:
            result = encoded_result(self.handler(event, context))
        except SystemExit as error:
            self.leave(error)
        except:  # noqa: E722
            return RAISED, {"duration_ms": (_now() - started) * 1000}, self.tracebacks.of_function()
        answer = {"duration_ms": (_now() - started) * 1000}
        if len(result) > self.result_limit_bytes:
            return TOO_LARGE, dict(answer, result_bytes=len(result)), b""
        return RESULT, answer, result

    def leave(self, error):
        """End the process, as the function asked with `sys.exit`."""
        print_exit(error)
        self.output.flush()
        code = 0 if error.code is None else error.code
        _exit(code if isinstance(code, int) and 0 <= code < 256 else 1)

    def _uses_endpoints_sdk(self):
        """Whether the function has imported the endpoint's SDK. It is not available on the platform."""
        files = [
            getattr(sys.modules.get(name), "__file__", None) or "" for name in ("tencentserverless", "tencentcloud")
        ]
        return bool(self.sdk_folder) and any(name.startswith(self.sdk_folder) for name in files)


def main(channel_descriptor, life_line, is_forked=False):
    """Be a worker on an inherited channel. life_line: -1 below a fork server, which ends its workers itself."""
    set_close_on_exec(channel_descriptor)
    if life_line >= 0:
        set_close_on_exec(life_line)
        die_with_endpoint(life_line)
    run_function(FrameChannel(channel_descriptor, input_of(channel_descriptor)), is_forked)


def input_of(descriptor):
    """A function that waits for input.

    When the endpoint takes an answer, the kernel wakes a process that waits in a read of the same socket, because it
    could write again (unix_write_space in net/unix/af_unix.c). A process that waits in poll(2) for input sleeps on.
    """
    import select

    if IS_2 or not hasattr(select, "poll"):  # poll of 2.7 fails after a signal
        return lambda: None
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return poll.poll


def connect_back():
    """Be a worker that connects to the endpoint, because it has inherited no channel, as on Windows.

    The first line of stdin has the port and a token. The worker sends the token, by which the endpoint knows it. A life
    line is not needed: the endpoint ends the worker (on Windows with a job object), or it ends when the channel does.
    """
    import _socket  # not `socket`: a function that does not use it should not wait for it

    global _read, _write
    line = b""
    while not line.endswith(b"\n"):
        part = _read(0, 1024)
        if not part:  # the endpoint has ended
            _exit(0)
        line += part
    port, token = line.split()
    try:
        connection = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        set_close_on_exec(connection.fileno())
        connection.settimeout(CONNECT_SECONDS)
        connection.connect(("127.0.0.1", int(port)))
        connection.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        connection.sendall(token + b" %d\n" % _getpid())
        connection.settimeout(None)
    except EnvironmentError:
        _exit(0)
    _read, _write = _socket.socket.recv, _socket.socket.send  # type: ignore[assignment]
    run_function(FrameChannel(connection))


def run_function(channel, is_forked=False):
    """Get the settings, load the function and handle its events. Returns never: the process ends with the channel."""
    try:
        settings = channel.receive()[1]
        if IS_2:
            settings = dict(python27["native"](settings), context=settings["context"])
        worker, peak = set_up(channel, settings, is_forked)
        worker.start()
        worker.serve(peak)
    except EndpointGone:
        _exit(0)


def set_up(channel, settings, is_forked):
    """Do all that comes before the function is loaded. A failure here is not the function's: NOT_SET_UP says so."""
    try:
        limit_resources()
        output = StandardStreams()
        sys.dont_write_bytecode = True
        sys.argv[1:] = []
        sys.path[:0] = settings["path"]
        os.environ.update(settings["environment"])
        redirect = load_sibling("redirect.py")
        redirect["ImportHooks"]({"logging": prepare_logging}).install()
        if settings.get("hosts"):
            redirect["install"](settings["hosts"])
        worker, peak = LoadedFunction(channel, output, settings), PeakMemory(is_forked)
        if settings.get("debug"):
            attach_debugger(worker, settings["debug"])
        return worker, peak
    except Exception:
        complain(channel.descriptor, sys.exc_info()[1])
        _exit(1)


def complain(descriptor, error):
    """Tell the endpoint why there is no worker."""
    FrameChannel(descriptor).send(NOT_SET_UP, {"errno": getattr(error, "errno", None)}, as_bytes(repr(error)))


def attach_debugger(worker, settings):
    """Give the worker a debugger. From now on `_now` is a clock that can pause."""
    global _now
    debugger = load_sibling("debugger.py")["make_debugger"](settings, worker, _now)
    load_sibling("redirect.py")["ImportHooks"](debugger.hooks).install()
    _now = debugger.clock
    worker.prepare = debugger.start


def run_fork_server(arguments):
    """Be a fork server. `fork_server.py` is loaded by its path: its folder must not be on `sys.path` of a function."""
    load_sibling("redirect.py")["prepare"]()  # once for all workers
    modules = frozenset(sys.modules)
    from importlib.machinery import SourceFileLoader  # novermin: Python 2.7 is never a fork server

    path = os.path.join(os.path.dirname(os.path.abspath(THIS_FILE)), "fork_server.py")
    server = type(sys)("fork_server")
    server.__file__ = path
    loader = SourceFileLoader("fork_server", path)
    try:
        code = loader.get_code("fork_server")
    except EOFError:  # the compiled file was cut off when the disk was full
        code = loader.source_to_code(loader.get_data(path), path)
    exec(code, vars(server))  # type: ignore[arg-type]  # noqa: S102
    vars(server)["run"](arguments, (main, complain), modules)


if __name__ == "__main__":
    restore_signals()
    if sys.argv[1] == "serve":
        run_fork_server(sys.argv[2:])
    elif sys.argv[1] == "connect":
        connect_back()
    else:
        main(*map(int, sys.argv[1:3]))
