# -*- coding: utf-8 -*-
"""Leads SCF's host names to a local endpoint, inside one process: its ports, and a certificate that is trusted.

One file, standard library only, Python 2.7 and later. Two files load it by its path: `bootstrap.py` for functions, and
`python_path/sitecustomize.py` for the Python processes of a command.
"""

import os
import sys

IS_2 = sys.version_info[0] == 2
VARIABLE = "TENCENTSERVERLESS_HOSTS"  # its value is the argument of `install`
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "python_path")  # that of `sitecustomize.py`
PYTHON_PATH = "PYTHONPATH"
LOOPBACK = "127.0.0.1"
OPEN_SECONDS = 30
ENVIRONMENT_ARGUMENT = 10  # the place of `env` among the arguments of subprocess.Popen, without `self`
_prepared = []  # type: list[object]
RESOLVERS = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr")


def install(text):
    """Lead SCF's host names to an endpoint, in this process and in the Python processes that it starts.

    text: ``ADDRESS PORT TLS_PORT FOLDER``, see `HostRedirect.lead`. "" if it is not known: then the names lead nowhere.
    """
    hosts, children = prepare()
    address, port, tls_port, trust = (text or "%s 0 0 /" % LOOPBACK).split(" ", 3)
    hosts.lead(address, int(port), int(tls_port), trust)
    children.lead(text)


def prepare():
    """Do the part of `install` that is the same for all processes: a fork server does it once, for its workers."""
    if not _prepared:
        _prepared[:] = HostRedirect(), ChildProcesses(FOLDER)
    return _prepared


class ImportHooks(object):
    """Calls a function with a module after the module was imported. Modules that are not imported cost nothing.

    It is a finder in `sys.meta_path`. hooks: for each module name, the function that gets the module.
    """

    def __init__(self, hooks):
        self.hooks = hooks
        self.searched = set()  # the names for which the other finders are being asked

    def install(self):
        for name in [name for name in self.hooks if name in sys.modules]:
            self.run_hook(name, sys.modules[name])
        sys.meta_path.insert(0, self)

    def run_hook(self, name, module):
        try:
            self.hooks[name](module)
        except AttributeError:  # another module of this name, such as one of the program's own
            pass

    def find_spec(self, name, path=None, target=None):
        if name not in self.hooks or name in self.searched:
            return None
        self.searched.add(name)
        try:
            return self.hooked_spec(name, path, target)
        finally:
            self.searched.discard(name)

    def hooked_spec(self, name, path, target):
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target) if hasattr(finder, "find_spec") else None
            if spec is not None:
                loader = vars(spec)["loader"]
                loader.exec_module = self.with_hook(loader.exec_module, name)
                return spec
        return None

    def with_hook(self, load, name):
        def exec_module(module):
            load(module)
            if module.__name__ == name:  # one loader can load several modules
                self.run_hook(name, module)

        return exec_module

    def find_module(self, name, _=None):  # the protocol of Python 2.7
        return self if name in self.hooks and name not in self.searched else None

    def load_module(self, name):
        self.searched.add(name)
        try:
            __import__(name)
        finally:
            self.searched.discard(name)
        self.run_hook(name, sys.modules[name])
        return sys.modules[name]


class HostRedirect(ImportHooks):
    """Leads SCF's host names to an endpoint, in this process, from the call of `lead` on."""

    def __init__(self):
        self.address = None
        self.is_open = self.has_led = False
        hooks = {
            "ssl": self.on_ssl,
            "certifi": self.on_certifi,
            "urllib" if IS_2 else "urllib.request": self.on_urllib,
            "uvloop": self.on_uvloop,
            "gevent.resolver": self.on_gevent,
            "eventlet.support.greendns": self.replace_resolvers,
            "aiohttp.resolver": self.on_aiohttp,
        }
        ImportHooks.__init__(self, hooks)
        self.change_sockets()

    def lead(self, address, port, tls_port, trust):
        """Lead SCF's names to this endpoint from now on.

        address: the address that the names have here. tls_port: the port for TLS, at this address.
        port: the port without TLS, at 127.0.0.1.
        trust: the folder with ``ca.pem``, the authority of the TLS port, and ``trust.pem``, all authorities.
        """
        self.address, self.port = address, port
        self.ca_file, self.bundle = os.path.join(trust, "ca.pem"), os.path.join(trust, "trust.pem")
        secure, plain = (address, tls_port), (LOOPBACK, port)
        self.targets = {"443": secure, "https": secure, "80": plain, "http": plain}
        self.install()

    def change_sockets(self):
        import _socket  # so that `socket` and all that is built on it find the changed names

        self.replace_resolvers(_socket)
        plain = _socket.socket
        methods = {"__slots__": (), "__module__": plain.__module__}
        methods.update((name, self.connecting(getattr(plain, name))) for name in ("connect", "connect_ex"))
        _socket.socket = type(plain.__name__, (plain,), methods)  # type: ignore[assignment,misc]
        self.plain_socket = plain
        if "socket" in sys.modules:
            self.change_loaded(sys.modules["socket"], _socket.socket)

    # Which names and addresses lead here.

    def is_scf(self, host):
        name = as_text(host).lower().rstrip(".") if self.address else ""
        return name.startswith("scf.") and name.endswith(".tencentcloudapi.com")

    def target(self, port):
        return self.targets.get(as_text(port), (self.address, port))

    def resolved(self, host, port):
        """The host and the port to resolve instead of these."""
        if not self.is_scf(host):
            return host, port
        self.open_tls()
        self.has_led = True
        return self.target(port)

    def connected(self, address):
        """The address to connect to instead of this one. Some programs resolve a name and keep the port 443."""
        if not isinstance(address, tuple) or len(address) < 2:
            return address
        is_ours = address[0] == self.address and (self.has_led or self.address != LOOPBACK)
        if is_ours or self.is_scf(address[0]):
            self.open_tls()
            return self.target(address[1]) + address[2:]
        return address

    def open_tls(self):
        """Request the certificate authority. When its answer ends, the certificates are there and the port is open.

        The endpoint makes both at the first request only, because a key takes time to make. This uses a plain socket,
        because `socket` may belong to another event loop here.
        """
        if self.is_open or not self.port:
            return
        import _socket

        try:
            connection = self.plain_socket(_socket.AF_INET, _socket.SOCK_STREAM)
            connection.settimeout(OPEN_SECONDS)
            connection.connect((LOOPBACK, self.port))
            connection.sendall(b"GET /authority HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            while connection.recv(4096):
                pass
            connection.close()
            self.is_open = True
        except EnvironmentError:  # the endpoint has ended
            pass

    # Changes of modules. The new functions do the same as the old ones, for other hosts.

    def replace_resolvers(self, module):
        for name in [name for name in RESOLVERS if hasattr(module, name)]:
            wrap = self.resolving if name == "getaddrinfo" else self.looking_up
            setattr(module, name, wrap(getattr(module, name)))

    def change_loaded(self, module, kind):
        """Change the module `socket` that was imported before, by a line in a .pth file for one."""
        self.replace_resolvers(module)
        if hasattr(module, "_realsocket"):  # Python 2.7
            module._realsocket = kind
            return
        for name in ("connect", "connect_ex"):
            setattr(module.socket, name, getattr(kind, name))

    def resolving(self, resolve):
        def getaddrinfo(host, port, *more, **named):
            host, port = self.resolved(host, port)
            return resolve(host, port, *more, **named)

        return getaddrinfo

    def looking_up(self, look_up):
        def gethostby(host, *more):
            return look_up(self.resolved(host, None)[0], *more)

        return gethostby

    def connecting(self, connect):
        return lambda this, address: connect(this, self.connected(address))

    @staticmethod
    def change_method(kind, name, wrap):
        method = getattr(kind, name)
        setattr(kind, name, lambda this, *more, **named: wrap(lambda *a, **n: method(this, *a, **n))(*more, **named))

    def on_ssl(self, module):
        """Trust the endpoint wherever authorities are trusted: a program may name a file of its own."""
        add = module.SSLContext.load_verify_locations

        def trusting(load):
            def load_more(this, *more, **named):
                self.open_tls()
                load(this, *more, **named)
                try:
                    add(this, self.ca_file)
                except EnvironmentError:  # no file, or an old OpenSSL that refuses what it has already
                    pass

            return load_more

        for name in ("load_verify_locations", "set_default_verify_paths"):
            setattr(module.SSLContext, name, trusting(getattr(module.SSLContext, name)))

    def on_certifi(self, module):
        def where():
            self.open_tls()
            return self.bundle

        for owner in (module, getattr(module, "core", module)):
            owner.where = where

    def on_urllib(self, module):
        """SCF's hosts need no proxy. NO_PROXY can only name the hosts that are known."""

        def bypassing(bypass):
            return lambda host, *more, **named: self.is_scf(host_of(host)) or bypass(host, *more, **named)

        for name in ("proxy_bypass", "proxy_bypass_environment"):
            if hasattr(module, name):
                setattr(module, name, bypassing(getattr(module, name)))

    def on_uvloop(self, module):
        """Change a kind of event loop that resolves and connects in C."""

        def connecting(connect):
            def create_connection(protocol_factory, host=None, port=None, **named):
                if host is not None:
                    if self.is_scf(host) and named.get("ssl"):
                        named["server_hostname"] = named.get("server_hostname") or host
                    host, port = self.connected((host, port))
                return connect(protocol_factory, host, port, **named)

            return create_connection

        self.change_method(module.Loop, "getaddrinfo", self.resolving)
        self.change_method(module.Loop, "create_connection", connecting)

    def on_gevent(self, module):
        """The usual resolver of gevent calls `_socket`. This is the base class of the others."""
        for name in RESOLVERS[:3]:
            wrap = self.resolving if name == "getaddrinfo" else self.looking_up
            self.change_method(module.AbstractResolver, name, wrap)

    def on_aiohttp(self, module):
        module.DefaultResolver = module.ThreadedResolver  # the other one, of aiodns, asks name servers itself


class ChildProcesses(ImportHooks):
    """Leads the Python processes that this one starts, also if the program sets PYTHONPATH.

    folder: the folder of `sitecustomize.py`.
    """

    def __init__(self, folder):
        self.folder = folder
        self.kept = {}  # type: dict[str, str]
        ImportHooks.__init__(self, dict.fromkeys(("subprocess", "gevent.subprocess"), self.on_subprocess))
        self.change_variables()

    def lead(self, value):
        """Begin to lead children. value: the value of `VARIABLE`."""
        self.kept = {PYTHON_PATH: self.folder, VARIABLE: value}
        self.put(PYTHON_PATH, self.path_with(os.environ.get(PYTHON_PATH, "")))
        self.put(VARIABLE, value)
        self.install()

    def change_variables(self):
        """Change what `os.environ` sets in the process itself. `os.environ` shows what the program has set."""
        self.put = put = os.putenv
        unset = getattr(os, "unsetenv", None)

        def putenv(name, value):
            is_path = self.kept and as_text(name) == PYTHON_PATH
            put(name, like(value, self.path_with(as_text(value))) if is_path else value)

        def unsetenv(name):
            kept = self.kept.get(as_text(name))
            unset(name) if kept is None else put(name, like(name, kept))  # type: ignore[misc]

        for owner in (os, os.environ):
            if hasattr(owner, "putenv"):
                owner.putenv = putenv
            if hasattr(owner, "unsetenv") and unset:
                owner.unsetenv = unsetenv

    def path_with(self, path):
        """`path` with our folder in front. An empty entry is the current folder."""
        folders = path.split(os.pathsep) if path else []
        return os.pathsep.join(folders if self.folder in folders else [self.folder] + folders)

    def environment(self, given):
        changed = {VARIABLE: self.kept[VARIABLE]}
        changed.update(given)
        changed[PYTHON_PATH] = self.path_with(given.get(PYTHON_PATH, ""))
        return changed

    def on_subprocess(self, module):
        start = module.Popen.__init__

        def __init__(this, *more, **named):  # noqa: N807
            arguments = list(more)
            if named.get("env") is not None:
                named["env"] = self.environment(named["env"])
            elif len(arguments) > ENVIRONMENT_ARGUMENT and arguments[ENVIRONMENT_ARGUMENT] is not None:
                arguments[ENVIRONMENT_ARGUMENT] = self.environment(arguments[ENVIRONMENT_ARGUMENT])
            start(this, *arguments, **named)

        module.Popen.__init__ = __init__
        flags = module._args_from_interpreter_flags  # those of `multiprocessing` too; a worker has -I

        def flags_that_read_variables():
            return [{"-I": "-s"}.get(flag, flag) for flag in flags() if flag != "-E"]

        module._args_from_interpreter_flags = flags_that_read_variables


def as_text(value):
    """A host, a port or a variable as text, whatever a program has passed."""
    if isinstance(value, (bytes, bytearray)) and not IS_2:
        return os.fsdecode(bytes(value))  # novermin
    return "" if value is None else value if isinstance(value, str) else "%s" % (value,)


def like(value, text):
    """`text` in the type of `value`: os.putenv of some versions gets bytes."""
    return os.fsencode(text) if isinstance(value, bytes) and not IS_2 else text  # novermin


def host_of(address):
    """The host in ``HOST:PORT``."""
    return as_text(address).partition(":")[0]
