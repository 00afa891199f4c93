"""What a worker finds around itself."""

import json
from dataclasses import replace

from tencentserverless.local.environment import variables as environment
from tencentserverless.local.model.credentials import Credential
from tests.local.factories import function

PLACES = environment.Paths("/code/hello", "/var/user", "/scratch/home", "/scratch/opt", "/scratch/sdk", "/scratch")
SHELL = {"SECRET": "hush", "PATH": "/mine", "HTTPS_PROXY": "p", "PYTHONPATH": "/mine", "TENCENTCLOUD_SECRET_ID": "real"}
CREDENTIAL = Credential("AKIDx", "key", "token", "scf-1")
PLATFORM = set(
    """TENCENTCLOUD_SECRETID TENCENTCLOUD_SECRETKEY TENCENTCLOUD_SESSIONTOKEN TENCENTCLOUD_RUNENV TENCENTCLOUD_REGION
    TENCENTCLOUD_ZONE TENCENTCLOUD_APPID TENCENTCLOUD_UIN TENCENTCLOUD_TZ USER_CODE_ROOT _SCF_SERVER_PORT SCF_RUNTIME
    SCF_FUNCTIONNAME SCF_FUNCTIONVERSION SCF_NAMESPACE PYTHONDONTWRITEBYTECODE PYTHONPATH LD_LIBRARY_PATH PATH PWD HOME
    USER LOGNAME LANG LC_ALL SHELL SHLVL HOSTNAME _""".split()
)


def variables(shell=SHELL, bundle="", paths=PLACES, **more):
    machine = environment.Machine("C.UTF-8", shell, bundle)
    door = "http://127.0.0.1:9000"
    return environment.variables(function(**more), CREDENTIAL, paths, machine, "/usr/bin/python", "Python3.9", door)


def test_only_the_platforms_names_and_a_short_list():
    """A worker has the platform's variables, our endpoint and the clock's zone, and nothing of the shell."""
    assert set(variables()) == PLATFORM | {"TENCENTSERVERLESS_ENDPOINT", "TZ"}
    assert not set(variables().values()) & {"hush", "/mine", "p", "real"}


def test_values_are_true_here():
    """Paths are as the instance sees them, the region is the function's, the credentials are the instance's."""
    found = variables(region="ap-chengdu")
    assert found["USER_CODE_ROOT"] == "/var/user/"
    assert found["PYTHONPATH"] == "/var/user:/scratch/opt"
    assert found["TENCENTCLOUD_REGION"] == "ap-chengdu"
    assert found["TENCENTCLOUD_SESSIONTOKEN"] == "token"
    assert found["TENCENTSERVERLESS_ENDPOINT"] == "http://127.0.0.1:9000"


def test_the_functions_variables_win():
    """What a function sets is there, over the platform's."""
    assert variables(variables={"TZ": "Asia/Shanghai", "MINE": "1"})["TZ"] == "Asia/Shanghai"


def test_trust():
    """Where SCF's host names lead here, every common variable names the bundle that trusts it."""
    found = variables(bundle="/scratch/trust.pem")
    assert {found[name] for name in environment.BUNDLE_NAMES} == {"/scratch/trust.pem"}


def test_windows_gets_what_it_needs():
    """On Windows the variables without which nothing starts are kept; temporary files go to the instance's folder."""
    shell = {**SHELL, "SYSTEMROOT": r"C:\Windows", "TEMP": "mine"}
    found = variables(shell=shell, paths=replace(PLACES, tmp="own"))
    assert {found[name] for name in ("TMPDIR", "TEMP", "TMP")} == {"own"}
    assert "TMPDIR" not in variables()
    assert found["SYSTEMROOT"] == r"C:\Windows"
    assert found["PATH"] == "/mine"
    assert found["USERPROFILE"] == found["HOME"]


def test_the_context_has_the_platforms_keys():
    """The context has the documented keys but for the request id, in the documented types."""
    context = environment.context(function(variables={"TZ": "Asia/Shanghai"}, timeout=5))
    assert context == {
        "memory_limit_in_mb": 128,
        "time_limit_in_ms": 5000,
        "environment": '{"SCF_NAMESPACE":"default","TZ":"Asia/Shanghai"}',
        "environ": "SCF_NAMESPACE=default;TZ=Asia/Shanghai",
        "function_name": "hello",
        "function_version": "$LATEST",
        "namespace": "default",
        "tencentcloud_region": "ap-guangzhou",
        "tencentcloud_appid": environment.APPID,
        "tencentcloud_uin": environment.UIN,
    }


def test_the_search_path_and_the_settings():
    """User code comes first, then layers, then the lent SDK; the settings of a worker are JSON."""
    assert PLACES.search_path == ["/code/hello", "/scratch/opt", "/scratch/sdk"]
    settings = environment.settings(function(), {"A": "b"}, PLACES, 100)
    assert json.loads(json.dumps(settings)) == settings
    assert settings["path"] == PLACES.search_path


def test_the_shell_is_not_shown():
    """What shows the machine shows no variable of the developer's shell."""
    assert "hush" not in repr(environment.Machine("C.UTF-8", SHELL))
