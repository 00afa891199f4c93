"""The table of verbs: a row says where the command of a verb is, and what the verb does.

Help and completion read only this table. The file of a verb is imported when the verb is used. A name with a space is
a verb of a group.
"""

from typing import NamedTuple


class Verb(NamedTuple):
    """command: ``module:name``, below `tencentserverless._cli`. summary: one sentence for the list of verbs."""

    command: str
    summary: str


VERBS = {
    "doctor": Verb("project.doctor:doctor", "Find what goes wrong in the cloud, before it does."),
    "event": Verb("project.event:event", "Print the event that a trigger sends."),
    "functions": Verb("looking.functions:functions", "List functions, and how each was invoked last."),
    "init": Verb("project.init:init", "Write a folder with a function and its test."),
    "invoke": Verb("invoking.invoke:invoke", "Invoke a function and print what it returned."),
    "local env": Verb("local_env:env", "Print the variables for programs that use the running endpoint."),
    "local exec": Verb("local_exec:execute", "Serve functions while a command runs."),
    "local invoke": Verb("local_invoke:invoke", "Run one function once on this machine."),
    "local start": Verb("local_start:start", "Serve functions until Ctrl-C."),
    "local stop": Verb("local_stop:stop", "Stop the endpoint that runs."),
    "local trace": Verb("looking.trace:trace", "Show a chain of invocations as a picture of its times."),
    "logs": Verb("looking.logs:logs", "Print the last invocations: how they ended, and what they printed."),
    "map": Verb("invoking.map:map_events", "Invoke a function with each line of a file."),
    "pack": Verb("project.pack:pack", "Write the zip of a function, with its packages."),
    "settings": Verb("settings:settings", "Print the settings of an invocation, and where each comes from."),
    "show": Verb("looking.show:show", "Print the configuration of a function."),
    "status": Verb("looking.status:status", "Print the status of an invocation."),
}
GROUPS = {"local": "The local endpoint: an SCF on this machine."}
