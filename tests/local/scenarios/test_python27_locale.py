"""Functions of old Pythons below an endpoint whose own surroundings are not in UTF-8."""

import json
import os
import subprocess
import sys

import pytest

from tests.environments import find_interpreter

MANIFEST = "component: scf\nname: {0}\ninputs:\n  runtime: {0}\n  environment: {{variables: {{GREETING: 你好}}}}\n"
CODE = """\
# -*- coding: utf-8 -*-
import io, os
def main_handler(event, context):
    print(u'打印')
    with io.open(u'/tmp/文件', 'w', encoding='utf-8') as file:
        file.write(u'内容')
    with open('/tmp/文件') as file:
        return [event, os.environ['GREETING'], file.read(), __file__.split(os.sep)[-3]]
"""
PROGRAM = """\
import json
from tencentserverless import scf
print(json.dumps([scf.invoke(name, data="小明").value for name in ("Python2-7", "Python3-6")]))
"""


def test_the_locale_of_the_endpoint_does_not_reach_functions(tmp_path):
    """With LC_ALL=POSIX and PYTHONIOENCODING=cp936 functions of 2.7 and 3.6 print, read and return Chinese text."""
    names = {"Python2-7": "2.7", "Python3-6": "3.6"}
    if not all(map(find_interpreter, names.values())):
        pytest.skip("no Python 2.7 and 3.6 here")
    for name, version in names.items():
        place = tmp_path / "项目" / name
        place.mkdir(parents=True)
        manifest = MANIFEST.format(name).replace(f"runtime: {name}", f"runtime: Python{version}")
        (place / "serverless.yml").write_text(manifest, encoding="utf-8")
        (place / "index.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tencentserverless",
            "local",
            "exec",
            "项目",
            "--logs",
            "--",
            sys.executable,
            "program.py",
        ],
        env={**os.environ, "LC_ALL": "POSIX", "PYTHONIOENCODING": "cp936"},
        cwd=tmp_path,
        capture_output=True,
        timeout=100,
    )
    assert json.loads(done.stdout) == [["小明", "你好", "内容", "项目"]] * 2
    assert done.stderr.decode("cp936").count("打印") == 2
