"""`template.yaml` of the SCF CLI."""

TEXT = """\
Globals:
  Function: {Timeout: 30, Runtime: Python3.6}
Resources:
  alone:
    Type: TencentCloud::Serverless::Function
  testing:
    Type: TencentCloud::Serverless::Namespace
    greeter:
      Type: TencentCloud::Serverless::Function
      Properties:
        CodeUri: ./
        Handler: index.main_handler
        MemorySize: 256
        Environment: {Variables: {GREETING: hi}}
        Events: {timer: {Type: Timer, Properties: {CronExpression: '*/5 * * * * * *'}}}
    bucket:
      Type: TencentCloud::Serverless::Function
      Properties: {CodeUri: {Bucket: b, Key: code.zip}, Runtime: Python3.6}
    node:
      Type: TencentCloud::Serverless::Function
      Properties: {CodeUri: ./, Type: Event, Runtime: Nodejs8.9}
"""


def test_functions_of_a_template(project):
    """Each function has its namespace and its settings over the global ones; one in another language is refused."""
    reading = project({"template.yaml": TEXT})
    alone, function = reading.functions
    assert (alone.name, alone.namespace, alone.timeout) == ("alone", "default", 30)
    assert (function.name, function.namespace, function.runtime) == ("greeter", "testing", "Python3.6")
    assert (function.memory_mb, function.timeout, function.variables) == (256, 30, {"GREETING": "hi"})
    assert [(each.name, each.reason.partition(" template.yaml: ")[2][:20]) for each in reading.refusals] == [
        ("bucket", "`CodeUri`: the code "),
        ("node", "`Runtime` 'Nodejs8.9"),
    ]
    assert reading.notices == []


def test_templates_of_other_tools(project):
    """A template.yaml of another tool is not a configuration, so the index.py beside it counts."""
    reading = project({"Hello/template.yaml": "Resources: {F: {Type: AWS::Serverless::Function}}\n"}, "Hello")
    assert [each.name for each in reading.functions] == ["Hello"]


def test_a_name_that_is_not_valid(project):
    """The message about the name of a function has the line of that function."""
    text = TEXT.replace("    node:", "    no.de:").replace("Nodejs8.9", "Python3.6")
    assert (
        "template.yaml:21: template.yaml: 'no.de' is not a valid" in project({"template.yaml": text}).refusals[1].reason
    )
