"""What a worker finds around itself: environment variables, `context`, paths. Pure.

https://cloud.tencent.com/document/product/583/30228 (variables), /583/9210 (context)
The platform's names, with values that are true on this machine; nothing of the developer's shell but `KEPT`.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tencentserverless.local.model.credentials import Credential
from tencentserverless.local.model.function import Function
from tencentserverless.local.processes.interpreters import CURRENT_INTERPRETER

APPID = "1250000000"
UIN = "100000000001"
CODE_SHOWN_AS = "/var/user"
LAYERS_SHOWN_AS = "/opt"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

BUNDLE_NAMES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

# Without these Windows starts no interpreter and opens no socket. They name places, not secrets.
KEPT = ("SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "PATHEXT", "TEMP", "TMP")


@dataclass(frozen=True, slots=True)
class Places:
    """Where an instance's things are on this machine. `sdk`: the SDK that is lent to functions that lack it, or ""."""

    code: str
    home: str
    layers: str
    sdk: str

    @property
    def search_path(self) -> list[str]:
        """What goes before the interpreter's own `sys.path`."""
        return [place for place in (self.code, self.layers, self.sdk) if place]


@dataclass(frozen=True, slots=True)
class Machine:
    """What is the same for all instances. `locale`: one with UTF-8 that is installed here. `bundle`: the file of the
    authorities that functions trust, "" for the system's own."""

    locale: str
    shell: Mapping[str, str] = field(repr=False)
    bundle: str = ""


def variables(
    function: Function,
    credential: Credential,
    places: Places,
    machine: Machine,
    interpreter: str,
    runtime: str,
    endpoint: str,
) -> dict[str, str]:
    """The environment of a worker. The function's own variables win over the platform's.

    endpoint: the address of the instance's own port.
    """
    kept = {name: machine.shell[name] for name in KEPT if name in machine.shell}
    libraries = os.pathsep.join((places.code, places.layers))
    return {
        **kept,
        **({"USERPROFILE": places.home} if is_windows(machine) else {}),
        **(dict.fromkeys(BUNDLE_NAMES, machine.bundle) if machine.bundle else {}),
        **credential_variables(credential),
        **_of_the_platform(function, runtime),
        "TENCENTSERVERLESS_ENDPOINT": endpoint,
        "USER_CODE_ROOT": f"{places.code}/",
        "_SCF_SERVER_PORT": "28902",
        "PYTHONDONTWRITEBYTECODE": "x",
        "PYTHONPATH": libraries,
        "LD_LIBRARY_PATH": libraries,
        **of_all(machine),
        "PWD": places.code,
        "HOME": places.home,
        "USER": "qcloud",
        "LOGNAME": "qcloud",
        "SHELL": "/bin/bash",
        "SHLVL": "3",
        "HOSTNAME": credential.instance_id,
        "_": interpreter,
        **function.variables,
    }


def is_windows(machine: Machine) -> bool:
    return "SYSTEMROOT" in machine.shell


def credential_variables(credential: Credential) -> dict[str, str]:
    return {
        "TENCENTCLOUD_SECRETID": credential.secret_id,
        "TENCENTCLOUD_SECRETKEY": credential.secret_key,
        "TENCENTCLOUD_SESSIONTOKEN": credential.token,
    }


def of_all(machine: Machine) -> dict[str, str]:
    """What an interpreter looks at when it starts, the same for every worker."""
    return {
        "PATH": machine.shell.get("PATH", PATH) if is_windows(machine) else PATH,
        "LANG": machine.locale,
        "LC_ALL": machine.locale,
        "TZ": "UTC",  # the platform's clocks show UTC without saying so
    }


def in_process_variables(function: Function, credential: Credential, endpoint: str) -> dict[str, str]:
    """The part of the environment that handlers in this interpreter are given: the rest is the program's own."""
    return {
        **credential_variables(credential),
        **_of_the_platform(function, CURRENT_INTERPRETER.runtime),
        "TENCENTSERVERLESS_ENDPOINT": endpoint,
        "USER_CODE_ROOT": f"{function.code}/",
        **function.variables,
    }


def _of_the_platform(function: Function, runtime: str) -> dict[str, str]:
    return {
        "TENCENTCLOUD_RUNENV": "SCF",
        "TENCENTCLOUD_REGION": function.region,
        "TENCENTCLOUD_ZONE": f"{function.region}-1",
        "TENCENTCLOUD_APPID": APPID,
        "TENCENTCLOUD_UIN": UIN,
        "TENCENTCLOUD_TZ": "UTC",
        "SCF_RUNTIME": runtime,
        "SCF_FUNCTIONNAME": function.name,
        "SCF_FUNCTIONVERSION": "$LATEST",
        "SCF_NAMESPACE": function.namespace,
    }


def context(function: Function) -> dict[str, Any]:
    """The handler's second argument but for `request_id`, which each event brings."""
    own = {"SCF_NAMESPACE": function.namespace, **function.variables}
    return {
        "memory_limit_in_mb": function.memory_mb,
        "time_limit_in_ms": function.timeout * 1000,
        "environment": json.dumps(own, ensure_ascii=False, separators=(",", ":")),
        "environ": ";".join(f"{name}={value}" for name, value in own.items()),
        "function_name": function.name,
        "function_version": "$LATEST",
        "namespace": function.namespace,
        "tencentcloud_region": function.region,
        "tencentcloud_appid": APPID,
        "tencentcloud_uin": UIN,
    }


def settings(
    function: Function,
    environment: Mapping[str, str],
    places: Places,
    result_limit_bytes: int,
    hosts: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The first frame to a worker. hosts: where SCF's host names lead, None to leave them alone."""
    return {
        "environment": dict(environment),
        "context": context(function),
        "handler": function.handler,
        "folder": places.code,
        "path": places.search_path,
        "lent": places.sdk,
        "shown_paths": [[places.code, CODE_SHOWN_AS], [places.layers, LAYERS_SHOWN_AS]],
        "result_limit_bytes": result_limit_bytes,
        "hosts": dict(hosts) if hosts else None,
    }
