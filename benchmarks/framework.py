"""functions-framework under gunicorn, with a function that returns its event.

    python framework.py WORKERS THREADS     THREADS of each worker; 0 for the ASGI application on uvicorn

The first line on stdout is the port. It is printed before the workers have loaded the function. SIGTERM ends the
process.
"""

import sys

from gunicorn.app.base import BaseApplication


class Application(BaseApplication):
    def __init__(self, load, options):
        self.load = load
        self._options = options
        super().__init__()

    def load_config(self):
        for name, value in self._options.items():
            self.cfg.set(name, value)


def with_threads():
    from functions_framework import create_app

    return create_app("main_handler", __file__, "http")


def with_asgi():
    from functions_framework.aio import create_asgi_app

    return create_asgi_app("async_handler", __file__, "http")


def main_handler(request):
    return request.get_json()


async def async_handler(request):
    return await request.json()


def print_port(server):
    print(server.LISTENERS[0].sock.getsockname()[1], flush=True)


def main(workers, threads):
    load, how = with_threads, {"worker_class": "gthread", "threads": threads}
    if not threads:
        load, how = with_asgi, {"worker_class": "uvicorn_worker.UvicornWorker"}
    options = {"bind": "127.0.0.1:0", "workers": workers, "loglevel": "error", "when_ready": print_port, **how}
    Application(load, options).run()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
