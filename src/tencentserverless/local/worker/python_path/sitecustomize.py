# -*- coding: utf-8 -*-
"""Python imports this file at its start, because its folder is in PYTHONPATH. It leads SCF's host names to an endpoint.

The folder has nothing else. Python 2.7 and later. Afterwards nothing of this file is left in the process: the folder is
not in `sys.path`, and `sitecustomize` is the module that it hides, if there is one.
"""

import os
import sys


def install():
    folder = os.path.dirname(os.path.abspath(__file__))
    path = os.path.join(os.path.dirname(folder), "redirect.py")
    loaded("_tencentserverless_redirect", path).install(os.environ.get("TENCENTSERVERLESS_HOSTS", ""))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != folder]


def loaded(name, path):
    """A module from its path. Its compiled code is kept, because every Python process of the command loads it."""
    if sys.version_info[0] == 2:
        import imp

        return vars(imp)["load_source"](name, path)
    from importlib.machinery import SourceFileLoader  # novermin

    module = type(sys)(name)
    module.__file__ = path
    SourceFileLoader(name, path).exec_module(module)
    return module


def import_hidden(own):
    """Import the `sitecustomize` that this one hides. Python takes what is in `sys.modules` then."""
    del sys.modules[own.__name__]
    try:
        __import__(own.__name__)
    except ImportError as error:
        if getattr(error, "name", str(error).rpartition(" ")[2]) != own.__name__:
            raise
        sys.modules[own.__name__] = own


install()
import_hidden(sys.modules[__name__])
