"""The environment of a program outside that uses the endpoint, such as the command of `local exec`. Pure."""

import os
from collections.abc import Mapping
from pathlib import Path

from tencentserverless.local.environment.variables import BUNDLE_NAMES, no_proxy
from tencentserverless.local.model.options import ADDRESS, SCF_ADDRESS
from tencentserverless.local.model.regions import SCF_HOSTS
from tencentserverless.local.processes.worker_file import BOOTSTRAP

PYTHON_PATH = BOOTSTRAP.parent / "python_path"  # the folder of the `sitecustomize` that leads SCF's host names here
HOSTS_VARIABLE = "TENCENTSERVERLESS_HOSTS"  # read by `worker/redirect.py`

# All the names that SDKs read: a key of the real cloud must not be used by accident.
_IDS = ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRET_ID", "TENCENT_SECRET_ID")
_KEYS = ("TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SECRET_KEY", "TENCENT_SECRET_KEY")
_TOKENS = (
    "TENCENTCLOUD_SESSIONTOKEN",
    "TENCENTCLOUD_SESSION_TOKEN",
    "TENCENTCLOUD_SECURITY_TOKEN",
    "TENCENTCLOUD_TOKEN",
    "TENCENT_TOKEN",
)


def command_environment(
    shell: Mapping[str, str], endpoint: str, secret_id: str, secret_key: str, bundle: str = "", hosts: str = ""
) -> dict[str, str]:
    """Return the environment of a program: that of `shell`, but with the endpoint and its keys.

    bundle: a file of the certificates to trust, "" for those of the system.
    hosts: where SCF's host names lead in Python processes, "" for the real cloud.
    """
    result = {name: value for name, value in shell.items() if name not in (*_TOKENS, HOSTS_VARIABLE)}
    result["TENCENTSERVERLESS_ENDPOINT"] = endpoint
    result.update(dict.fromkeys(_IDS, secret_id))
    result.update(dict.fromkeys(_KEYS, secret_key))
    result.update(dict.fromkeys(BUNDLE_NAMES, bundle) if bundle else {})
    direct = [ADDRESS, "localhost", endpoint]  # the official SDK compares with the URL of the endpoint
    if hosts:
        direct += [SCF_ADDRESS, *SCF_HOSTS]
        result[HOSTS_VARIABLE] = hosts
    result["PYTHONPATH"] = _python_path(shell.get("PYTHONPATH", ""), str(PYTHON_PATH) if hosts else "")
    if not result["PYTHONPATH"]:
        del result["PYTHONPATH"]
    result.update(no_proxy(shell, direct))
    return result


def _python_path(path: str, first: str) -> str:
    """PYTHONPATH with `first` in front, without the folder of another endpoint. An empty entry is the current one."""
    folders = [folder for folder in path.split(os.pathsep) if Path(folder) != PYTHON_PATH] if path else []
    return os.pathsep.join([first, *folders] if first else folders)
