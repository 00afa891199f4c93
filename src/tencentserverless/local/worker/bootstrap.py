# -*- coding: utf-8 -*-
"""The worker: the process that runs one function, one event at a time.

One file, standard library only, for every Python from 2.7 on; it is run, never imported. The endpoint starts it
with the numbers of two descriptors: the channel and the life line. With the word `connect` it opens the channel itself,
as it has to on Windows. With the word `serve` it is a fork server, whose children are workers. For debugging it loads
`debugger.py`, which lies beside it.

Channel: frames of ``>BII`` (kind, bytes of head, bytes of body), a head (a JSON object) and a body; `frames.py` is
the other end. One frame comes down, one goes up. Results travel here and nowhere else: stdout and stderr belong to the
function.
Life line: a pipe into which nobody writes. When the endpoint ends, however it ends, the kernel closes it.
"""

import sys

IS_2 = sys.version_info[0] == 2
if IS_2 and __name__ == "__main__":
    del sys.path[0]  # this file's folder, which no option of Python 2.7 leaves out

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

THIS_FILE = (lambda: None).__code__.co_filename  # also where its compiled form is run
HEAD = struct.Struct(">BII")
SETTINGS, EVENT = 1, 2
READY, NOT_STARTED, RESULT, RAISED, BAD_EVENT, TOO_LARGE = 16, 17, 18, 19, 20, 21
READ_BYTES = 1 << 16  # for more the allocator would ask the kernel for memory every time
EINTR = 4
F_SETSIG = 10
OPEN_FILES = 1024
TRACEBACK_CHARACTERS = 1 << 20
CONNECT_SECONDS = 30
SPARE_DESCRIPTOR = 512  # high, so that a function that closes 3, 4, 5 ... does not hit it

# Held here, because functions may put others in their place.
_now = getattr(time, "perf_counter", time.time)
_read, _write, _exit, _getpid, _fstat, _dup2 = os.read, os.write, os._exit, os.getpid, os.fstat, os.dup2
_read_file, _write_file, _lseek = os.read, os.write, os.lseek  # where `_read` and `_write` are a socket's
_usage, _SELF = getattr(resource, "getrusage", None), getattr(resource, "RUSAGE_SELF", 0)
_to_json, _head_from_json = json.JSONEncoder().encode, json.JSONDecoder().decode


class Gone(Exception):
    """The endpoint closed the channel."""


class FrameChannel(object):
    """Frames over a stream socket: its descriptor, or what else `_read` and `_write` take."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.owner = _getpid()

    def receive(self):
        """One frame. Nothing follows it in what is read: the endpoint sends the next one after the answer."""
        data = self._at_least(HEAD.size, b"")
        kind, head_bytes, body_bytes = HEAD.unpack_from(data)
        body = HEAD.size + head_bytes
        if len(data) < body + body_bytes:
            data = self._at_least(body + body_bytes, data)
        return kind, _head_from_json(data[HEAD.size : body].decode("utf-8")), data[body:]

    def send(self, kind, head, body=b""):
        if _getpid() != self.owner:
            _exit(0)  # a child that the handler forked came back through the handler; its parent answers
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
                raise Gone()
            parts.append(part)
            got += len(part)
        return b"".join(parts)

    @staticmethod
    def _retried(operation, descriptor, argument):
        while True:
            try:
                return operation(descriptor, argument)
            except EnvironmentError as error:  # of 2.7's sockets it is no OSError
                if error.errno != EINTR:
                    raise Gone()


class StandardStreams(object):
    """stdout and stderr as text on descriptors 1 and 2, written line by line: what a killed worker printed is kept."""

    def __init__(self):
        self.spare = fcntl.fcntl(1, fcntl.F_DUPFD, SPARE_DESCRIPTOR) if fcntl else os.dup(1)
        keep_from_children(self.spare)
        if not IS_2:  # 2.7 runs unbuffered
            self._open("stdout", "__stdout__")
            self._open("stderr", "__stderr__")

    def renew(self):
        """Put back what the last event closed."""
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
            except Exception:  # a stream of the function's own making
                pass

    @staticmethod
    def _open(*names):
        descriptor, errors = (1, "strict") if names[0] == "stdout" else (2, "backslashreplace")
        if IS_2:
            stream = os.fdopen(os.dup(descriptor), "w", 0)
        else:
            raw = io.BufferedWriter(io.open(descriptor, "wb", 0, closefd=False))
            stream = io.TextIOWrapper(raw, "utf-8", errors, "\n", line_buffering=True)
        sys.__dict__.update(dict.fromkeys(names, stream))


class Peak(object):
    """The most memory that this process has held since `reset`, by the kernel's high-water mark. Linux.

    is_forked: whether it was forked and has run no program. Then `ru_maxrss` tells, which survives exec and would tell
    the size of the process that started this one.
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
            high = fcntl.fcntl(descriptor, fcntl.F_DUPFD, SPARE_DESCRIPTOR)
        except EnvironmentError:  # there may not be so many
            return -1
        finally:
            os.close(descriptor)
        keep_from_children(high)
        return high

    def reset(self):
        try:
            _write_file(self.clear_refs, b"5")
        except EnvironmentError:
            pass

    @staticmethod
    def _by_usage():
        return _usage(_SELF).ru_maxrss * 1024  # type: ignore[misc]

    def _by_status(self):
        """None where it cannot be known."""
        try:
            _lseek(self.status, 0, 0)
            text = _read_file(self.status, 8192)
            place = text.index(b"VmHWM:") + 6
            return int(text[place : text.index(b"kB", place)]) * 1024
        except (EnvironmentError, ValueError):  # or the function has closed it
            return None


def keep_from_children(descriptor):
    if fcntl:  # children on Windows inherit what they are given by name
        fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.fcntl(descriptor, fcntl.F_GETFD) | fcntl.FD_CLOEXEC)


def die_with(life_line):
    """Have the kernel kill this process group once the endpoint is gone, whatever the function is doing then.

    A parent-death signal would not reach the children that the function starts, would hang on the thread that
    started this process, and would need ctypes. Elsewhere than on Linux the worker leaves at its next read.
    """
    import signal

    if sys.platform.startswith("linux"):
        fcntl.fcntl(life_line, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(life_line, F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(life_line, fcntl.F_SETFL, fcntl.fcntl(life_line, fcntl.F_GETFL) | fcntl.FASYNC)


def limit_resources():
    if not resource:
        return
    for which, most in ((resource.RLIMIT_NOFILE, OPEN_FILES), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(which)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (most, most))


# The names of the next two stand in the tracebacks of functions that do not start, as on the platform.
def init_handler(handler, folder):
    module_name, _, function_name = handler.rpartition(".")
    return get_func_handler(module_name.replace("/", "."), function_name, folder)


def get_func_handler(module_name, function_name, folder):
    if os.path.exists(os.path.join(folder, module_name.replace(".", os.sep) + ".py")):
        sys.modules.pop(module_name, None)  # a standard module of the same name that this file has loaded
    __import__(module_name)
    return getattr(sys.modules[module_name], function_name)


def prepare_logging():
    """The platform's root logger prints without being set up. Functions that never log do not pay for the import."""
    logging = sys.modules.get("logging")
    if logging is not None and not logging.root.handlers:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(logging.Formatter("[%(levelname)s] %(message)s"))
        logging.root.addHandler(handler)


class Finder(object):
    """A finder of modules that touches some when the function loads them, so that one which does not pays nothing.

    waiting: what to do with the module of each name.
    """

    def __init__(self, waiting):
        self.waiting = waiting

    def install(self):
        for name in [name for name in self.waiting if name in sys.modules]:
            self.waiting.pop(name)(sys.modules[name])
        sys.meta_path.insert(0, self)

    def find_spec(self, name, path=None, target=None):
        act = self.waiting.pop(name, None)
        if act is None:
            return None
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target) if hasattr(finder, "find_spec") else None
            if spec is not None:
                loader = vars(spec)["loader"]
                loader.exec_module = self.followed(loader.exec_module, name, act)
                return spec
        return None

    @staticmethod
    def followed(load, name, act):
        def exec_module(module):
            load(module)
            if module.__name__ == name:  # a loader may be another module's too
                act(module)

        return exec_module

    def find_module(self, name, _=None):  # 2.7
        return self if name in self.waiting else None

    def load_module(self, name):
        act = self.waiting.pop(name)
        __import__(name)
        act(sys.modules[name])
        return sys.modules[name]


class HostRedirect(Finder):
    """Leads SCF's host names to this instance's ports, with TLS that the function trusts."""

    def __init__(self, settings):
        self.port, self.tls_port, self.bundle = settings["port"], settings["tls_port"], settings["bundle"]
        self.ports = {"443": self.tls_port, "https": self.tls_port, "80": self.port, "http": self.port}
        Finder.__init__(self, {"socket": self.on_socket, "ssl": self.on_ssl, "certifi": self.on_certifi})

    def on_socket(self, module):
        resolve = module.getaddrinfo

        def getaddrinfo(host, port, *more, **named):
            if self.is_scf(host):
                host, port = "127.0.0.1", self.ports.get(str(port), port)
            return resolve(host, port, *more, **named)

        module.getaddrinfo = getaddrinfo

    @staticmethod
    def is_scf(host):
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host or ""
        name = name.lower().rstrip(".")
        return name.startswith("scf.") and name.endswith(".tencentcloudapi.com")

    def on_ssl(self, _):
        """Ask for the authority. The end of the answer tells that the bundle is whole and the TLS port open."""
        import socket

        try:
            asked = socket.create_connection(("127.0.0.1", self.port), 30)
            asked.sendall(b"GET /authority HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            while asked.recv(4096):
                pass
            asked.close()
        except EnvironmentError:
            pass

    def on_certifi(self, module):
        for place in (module, getattr(module, "core", module)):
            place.where = lambda: self.bundle


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
    # What `encode` of an encoder does, without its layers; a new dict finds what contains itself.
    return "".join(_make_encoder({}, _encoder.default, _quoted, None, ": ", ", ", False, False, True)(value, 0))


def encoded_result(value):
    """The JSON text of what the handler returned, in UTF-8; lone surrogates pass."""
    try:
        text = encode(value)
    except UnicodeDecodeError:  # 2.7 cannot join its two kinds of text without ASCII escapes
        text = _encode_ascii(value)
    return as_bytes(text)


def as_bytes(text):
    """UTF-8 in which lone surrogates pass; 2.7 passes them by itself, and has text that is bytes already."""
    if not IS_2:
        return text.encode("utf-8", "surrogatepass")
    return text if type(text) is bytes else text.encode("utf-8")


class Tracebacks(object):
    """Tracebacks as the platform shows them: its own paths, in the place of this machine's."""

    def __init__(self, shown_paths):
        here, version = os.path.dirname(os.path.abspath(THIS_FILE)), sys.version_info[:2]
        self.shown_paths = shown_paths + [
            (here, "/var/runtime/python%d%d" % version),
            (os.path.dirname(os.__file__), "/var/lang/python3/lib/python%d.%d" % version),
        ]

    def of_the_function(self):
        """The current exception without this file's frames."""
        return self._shown(self._foreign_lines)

    def whole(self):
        return self._shown(self._all_lines)

    def _shown(self, lines):
        error = sys.exc_info()
        try:
            text = "".join(lines(*error))
        except Exception:  # an exception whose own methods raise
            text = "Traceback (most recent call last):\n%s" % getattr(error[0], "__name__", error[0])
        for real, shown in self.shown_paths:
            text = text.replace('File "%s%s' % (real, os.sep), 'File "%s/' % shown)
        text = text.rstrip("\n")[-TRACEBACK_CHARACTERS:]
        return as_bytes(text)

    @staticmethod
    def _all_lines(kind, error, trace):
        import traceback

        return traceback.format_exception(kind, error, trace)

    @staticmethod
    def _foreign_lines(kind, error, trace):
        import traceback

        if IS_2:
            frames = [frame for frame in traceback.extract_tb(trace) if frame[0] != THIS_FILE]
            head = ["Traceback (most recent call last):\n"] if frames else []
            return head + traceback.format_list(frames) + traceback.format_exception_only(kind, error)
        whole = vars(traceback)["TracebackException"](kind, error, trace)
        waiting, seen = [whole], set()
        while waiting:
            part = waiting.pop()
            if part is None or id(part) in seen:
                continue
            seen.add(id(part))
            part.stack[:] = [frame for frame in part.stack if frame.filename != THIS_FILE]
            waiting.extend((part.__cause__, part.__context__))
            waiting.extend(getattr(part, "exceptions", None) or ())
        return whole.format()


class LoadedFunction(object):
    """One function, loaded once, given one event after the other."""

    def __init__(self, channel, output, settings):
        self.channel = channel
        self.output = output
        self.context = settings["context"]
        self.result_limit_bytes = settings["result_limit_bytes"]
        self.handler_name, self.folder = settings["handler"], settings["folder"]
        self.lent = settings["lent"]
        self.tracebacks = Tracebacks(settings["shown_paths"])

    def prepare(self):
        """What comes before the function is loaded; a debugger takes this place."""

    def start(self):
        started = _now()
        try:
            self.prepare()
            self.handler = init_handler(self.handler_name, self.folder)
            answer = READY, b""
        except SystemExit as error:
            self.leave(error)
        except:  # noqa: E722  2.7 knows exceptions that are no BaseException
            answer = NOT_STARTED, self.tracebacks.whole()
        self.output.flush()
        head = {
            "init_ms": (_now() - started) * 1000,
            "lent": self._modules_lent(),
            "python": list(sys.version_info[:3]),
        }
        self.channel.send(answer[0], head, answer[1])

    def serve(self, peak):
        while True:
            _, head, body = self.channel.receive()
            self.output.renew()
            prepare_logging()
            if "environment" in head:
                os.environ.update(head["environment"])
            peak.reset()
            kind, answer, body = self.run(head["request_id"], body)
            self.output.flush()
            answer["request_id"] = head["request_id"]
            answer["peak_bytes"] = peak.bytes()
            self.channel.send(kind, answer, body)
            del body

    def run(self, request_id, body):
        try:
            event = decoded_event(body)
        except (ValueError, RuntimeError):
            return BAD_EVENT, {}, b""
        context = dict(self.context, request_id=request_id)
        started = _now()
        try:
            result = encoded_result(self.handler(event, context))
        except SystemExit as error:
            self.leave(error)
        except:  # noqa: E722
            return RAISED, {"duration_ms": (_now() - started) * 1000}, self.tracebacks.of_the_function()
        answer = {"duration_ms": (_now() - started) * 1000}
        if len(result) > self.result_limit_bytes:
            return TOO_LARGE, dict(answer, result_bytes=len(result)), b""
        return RESULT, answer, result

    def leave(self, error):
        self.output.flush()
        _exit(error.code if isinstance(error.code, int) and 0 <= error.code < 256 else 1)

    def _modules_lent(self):
        """Whether the function uses a package that it did not bring and the platform would not have."""
        files = [
            getattr(sys.modules.get(name), "__file__", None) or "" for name in ("tencentserverless", "tencentcloud")
        ]
        return bool(self.lent) and any(name.startswith(self.lent) for name in files)


def main(channel_descriptor, life_line, is_forked=False):
    keep_from_children(channel_descriptor)
    if life_line >= 0:  # where a fork server started this, it sees to the end
        keep_from_children(life_line)
        die_with(life_line)
    work(FrameChannel(channel_descriptor), is_forked)


def connect():
    """Where a process inherits nothing but the standard three, as on Windows: the first line of stdin is where to.

    It brings a word, too, that shows the endpoint who comes. The endpoint sees to the end, or the channel's does.
    """
    import _socket  # `socket` is the function's to load: see HostRedirect

    global _read, _write
    line = b""
    while not line.endswith(b"\n"):
        part = _read(0, 1024)
        if not part:  # the endpoint is gone
            _exit(0)
        line += part
    port, word = line.split()
    try:
        connection = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        keep_from_children(connection.fileno())
        connection.settimeout(CONNECT_SECONDS)
        connection.connect(("127.0.0.1", int(port)))
        connection.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        connection.sendall(word + b" %d\n" % _getpid())
        connection.settimeout(None)
    except EnvironmentError:
        _exit(0)
    _read, _write = _socket.socket.recv, _socket.socket.send  # type: ignore[assignment]
    work(FrameChannel(connection))


def work(channel, is_forked=False):
    limit_resources()
    output = StandardStreams()
    try:
        _, settings, _ = channel.receive()
        sys.dont_write_bytecode = True
        sys.argv[1:] = []
        sys.path[:0] = settings["path"]
        os.environ.update(settings["environment"])
        if settings.get("hosts"):
            HostRedirect(settings["hosts"]).install()
        worker, peak = LoadedFunction(channel, output, settings), Peak(is_forked)
        if settings.get("debug"):
            debug(worker, settings["debug"])
        worker.start()
        worker.serve(peak)
    except Gone:
        _exit(0)


def debug(worker, settings):
    """Give the worker a debugger, whose file is loaded by its path; time may stand still from now on."""
    global _now
    place = os.path.join(os.path.dirname(os.path.abspath(THIS_FILE)), "debugger.py")
    # Its names are no module's: 2.7 empties one that nothing leads to any more.
    names = {"__name__": "debugger", "__file__": place}  # type: dict[str, object]
    with io.open(place, "rb") as file:
        exec(compile(file.read(), place, "exec"), names)  # noqa: S102
    debugger = names["of"](settings, worker, _now)  # type: ignore[operator]
    Finder(debugger.waiting).install()
    _now = debugger.clock
    worker.prepare = debugger.start


def serve_forks(arguments):
    """Be a fork server. Its file is loaded by its path, for beside it lie others that are called like modules."""
    modules = frozenset(sys.modules)
    from importlib.machinery import SourceFileLoader  # novermin: 2.7 is never asked to

    place = os.path.join(os.path.dirname(os.path.abspath(THIS_FILE)), "fork_server.py")
    server = type(sys)("fork_server")
    server.__file__ = place
    SourceFileLoader("fork_server", place).exec_module(server)
    vars(server)["run"](arguments, main, modules)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve_forks(sys.argv[2:])
    elif sys.argv[1] == "connect":
        connect()
    else:
        main(*map(int, sys.argv[1:3]))
