"""Several keys with a `component` each."""

from tencentserverless.local.functions import packing

TEXT = """\
app: shop
Greeter:
  component: "@serverless/tencent-scf"
  inputs:
    name: greeter-${env.WHO}
    codeUri: ./code
    handler: index.main_handler
    timeout: 4
    environment: {variables: {SITE: "${Site.url}"}}
other:
  component: '@gosls/tencent-scf@1.0.0'
  inputs: {region: "${Conf.region}"}
Conf:
  component: "@serverless/global"
  inputs: {short: beijing, region: "ap-${Conf.short}"}
Site:
  component: "@serverless/tencent-website"
  inputs: {code: {root: ./}}
"""


def test_each_key_is_a_component(project):
    """The functions among the components are read, with `codeUri`; other components are passed over with a notice."""
    reading = project({"serverless.yml": TEXT, "code/other": ""}, WHO="me")
    greeter, other = reading.functions
    assert (greeter.name, greeter.code.name, greeter.timeout) == ("greeter-me", "code", 4)
    assert (other.name, other.region) == ("other", "ap-beijing")
    assert [notice.partition(": ")[2] for notice in reading.notices] == [
        "SITE is not set: ${Site.url} has no value",
        "`Site` is a component `tencent-website`, which is not served here",
    ]
    assert not reading.refusals


def test_older_names_of_components(project):
    """The first name of the component for functions is read, as is that of the component with shared values."""
    text = "Conf: {component: serverless-global, inputs: {region: ap-beijing}}\n"
    text += (
        'old: {component: "@serverless/tencent-cloudfunction", inputs: {region: "${Conf.region}", exclude: [.env]}}\n'
    )
    reading = project({"serverless.yml": text, ".env": "A=1"})
    (function,) = reading.functions
    assert (function.name, function.region, reading.messages) == ("old", "ap-beijing", [])
    assert function.packing.excluded == (".env",)


def test_files_that_are_added(project):
    """`include` adds files at the top of the code; its paths are relative to the configuration file."""
    text = "one: {component: '@serverless/tencent-scf', inputs: {codeUri: ./code, include: [data/x.txt, data]}}\n"
    (function,) = project({"serverless.yml": text, "code/y.txt": "", "data/x.txt": ""}).functions
    assert set(packing.files(function.code, function.packing)) == {"x.txt", "y.txt", "index.py"}
