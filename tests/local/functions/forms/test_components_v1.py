"""Several keys with a `component` each."""

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
