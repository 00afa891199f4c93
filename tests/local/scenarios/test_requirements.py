"""Notices about packages that a function asks for and does not find."""

from tencentserverless.local import LocalSCF
from tencentserverless.local.environment.requirements import command
from tencentserverless.local.processes.interpreters import CURRENT_INTERPRETER
from tests.local.api_client import Api


def test_a_missing_package_is_told_with_the_command_that_gets_it(folder):
    """The endpoint says once what a function lacks, and not what its interpreter or its folder has."""
    place = folder("needs")
    file = place / "requirements.txt"
    file.write_text("pytest\npacked\nthis-is-nowhere>=7\n")
    (place / "packed-1.dist-info").mkdir()
    notices = []
    with LocalSCF(folder.path, notify=notices.append) as scf, Api(scf) as api:
        for _ in range(2):
            assert api.invoke("needs")["RetMsg"] == "1"
        (notice,) = notices
        assert "lacks this-is-nowhere>=7, required by" in notice
        assert command(CURRENT_INTERPRETER, file) in notice
        file.write_text("pytest\nthis-is-nowhere-either\n")
        assert api.invoke("needs")["RetMsg"] == "1"
        assert "this-is-nowhere-either" in notices[1]


def test_what_a_layer_has_is_not_missing(folder, tmp_path):
    """A package that one of the function's layers brings is not told."""
    (tmp_path / "layer" / "layered-1.0.dist-info").mkdir(parents=True)
    text = "component: scf\nname: needs\ninputs:\n  layers:\n  - {name: x, version: 1, src: ../../layer}\n"
    (folder("needs", manifest=text) / "requirements.txt").write_text("layered\nunlayered\n")
    notices = []
    with LocalSCF(folder.path, notify=notices.append) as scf, Api(scf) as api:
        api.invoke("needs")
    assert "lacks unlayered," in notices[0]
