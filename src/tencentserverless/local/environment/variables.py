"""The environment variables of a worker, and the `context` of a handler. Pure.

https://cloud.tencent.com/document/product/583/30228 (variables), /583/9210 (context)
The names are those of the platform, the values those of this machine. Of the developer's shell only `KEPT` is used,
and `PATH` on Windows.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tencentserverless.local.model.credentials import Credential
from tencentserverless.local.model.function import Function
from tencentserverless.local.model.regions import SCF_HOSTS
from tencentserverless.local.processes.interpreters import CURRENT_INTERPRETER

APPID = "1250000000"
UIN = "100000000001"
CODE_SHOWN_AS = "/var/user"
LAYERS_SHOWN_AS = "/opt"
RUNTIME_SHOWN_AS = "/var/runtime"  # what the endpoint provides
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

BUNDLE_NAMES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

CREDENTIAL_NAMES = ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN")

TMP_NAMES = ("TMPDIR", "TEMP", "TMP")  # the last two on Windows only

# Without these, Windows cannot start an interpreter or open a socket. They contain paths, not secrets.
KEPT = ("SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "PATHEXT")


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders of an instance, as the instance sees them.

    code: where its modules are imported from. folder: its working folder, with the same content.
    layers: the content of its layers.
    sdk: the SDK for functions that do not contain it, "" if there is none for this interpreter.
    provided: what the endpoint provides. tmp: its folder for temporary files, "" if that is `/tmp`.
    terminal: the terminal for pdb, "" if that has the same path as on this machine.
    """

    code: str
    folder: str
    home: str
    layers: str
    sdk: str
    provided: str
    tmp: str = ""
    terminal: str = ""

    @property
    def search_path(self) -> list[str]:
        """The folders before the interpreter's own `sys.path`."""
        return [folder for folder in (self.code, self.layers, self.sdk) if folder]


@dataclass(frozen=True, slots=True)
class Machine:
    """The values that are the same for all instances.

    locale: a locale with UTF-8 that is installed.
    shell: the environment of the endpoint.
    bundle: the path of a file with the authorities that functions trust, "" for those of the system.
    """

    locale: str
    shell: Mapping[str, str] = field(repr=False)
    bundle: str = ""


def variables(
    function: Function,
    credential: Credential,
    paths: Paths,
    machine: Machine,
    interpreter: str,
    runtime: str,
    endpoint: str,
) -> dict[str, str]:
    """The environment of a worker. The variables of the function win over those of the platform.

    interpreter: the path of the interpreter.
    endpoint: the URL of the instance's own port.
    """
    kept = {name: machine.shell[name] for name in KEPT if name in machine.shell}
    libraries = os.pathsep.join((paths.folder, paths.layers))
    return {
        **kept,
        **({"USERPROFILE": paths.home} if is_windows(machine) else {}),
        **(dict.fromkeys(TMP_NAMES if is_windows(machine) else TMP_NAMES[:1], paths.tmp) if paths.tmp else {}),
        **(dict.fromkeys(BUNDLE_NAMES, machine.bundle) if machine.bundle else {}),
        **credential_variables(credential),
        **_platform_variables(function, runtime),
        "TENCENTSERVERLESS_ENDPOINT": endpoint,
        "USER_CODE_ROOT": f"{paths.folder}/",
        "_SCF_SERVER_PORT": "28902",
        "PYTHONDONTWRITEBYTECODE": "x",
        "PYTHONPATH": libraries,
        "LD_LIBRARY_PATH": libraries,
        **common_variables(machine),
        "PWD": paths.folder,
        "HOME": paths.home,
        "USER": "qcloud",
        "LOGNAME": "qcloud",
        "SHELL": "/bin/bash",
        "SHLVL": "3",
        "HOSTNAME": credential.instance_id,
        "_": interpreter,
        **function.variables,
        **(no_proxy(function.variables, SCF_HOSTS) if machine.bundle and _has_proxy(function.variables) else {}),
    }


def no_proxy(variables: Mapping[str, str], hosts: Iterable[str]) -> dict[str, str]:
    """NO_PROXY with these hosts, beside what it has in `variables`."""
    direct = ",".join(hosts)
    return {name: ",".join(filter(None, (variables.get(name), direct))) for name in ("NO_PROXY", "no_proxy")}


def _has_proxy(variables: Mapping[str, str]) -> bool:
    return any(name.lower().endswith("_proxy") for name in variables)


def is_windows(machine: Machine) -> bool:
    return "SYSTEMROOT" in machine.shell


def credential_variables(credential: Credential) -> dict[str, str]:
    return dict(zip(CREDENTIAL_NAMES, (credential.secret_id, credential.secret_key, credential.token), strict=True))


def common_variables(machine: Machine) -> dict[str, str]:
    """The variables that an interpreter reads when it starts. They are the same for all workers."""
    return {
        "PATH": machine.shell.get("PATH", PATH) if is_windows(machine) else PATH,
        "LANG": machine.locale,
        "LC_ALL": machine.locale,
        "TZ": "UTC",  # the platform uses UTC, but does not set this variable
    }


def in_process_variables(function: Function, credential: Credential, endpoint: str) -> dict[str, str]:
    """The variables that are set for handlers in this interpreter. The other ones are those of the program."""
    return {
        **credential_variables(credential),
        **_platform_variables(function, CURRENT_INTERPRETER.runtime),
        "TENCENTSERVERLESS_ENDPOINT": endpoint,
        "USER_CODE_ROOT": f"{function.code}/",
        **function.variables,
    }


def _platform_variables(function: Function, runtime: str) -> dict[str, str]:
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
    """The handler's second argument, without `request_id`, which comes with each event."""
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
    paths: Paths,
    result_limit_bytes: int,
    hosts: str = "",
) -> dict[str, Any]:
    """The first frame to a worker.

    hosts: where SCF's host names lead, "" if they lead to the real cloud.
    """
    return {
        "environment": dict(environment),
        "variables": {name: environment[name] for name in function.variables},
        "credentials": {name: environment[name] for name in CREDENTIAL_NAMES if name in environment},
        "context": context(function),
        "handler": function.handler,
        "folder": paths.code,
        "path": paths.search_path,
        "lent": paths.sdk,
        "shown_paths": [[paths.code, CODE_SHOWN_AS], [paths.layers, LAYERS_SHOWN_AS]],
        "result_limit_bytes": result_limit_bytes,
        "hosts": hosts,
    }
