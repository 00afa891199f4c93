"""Writes docs/command-line.md: the help of every verb, as the command line prints it."""

from importlib import import_module
from pathlib import Path

import click

from tencentserverless._cli.verbs import VERBS

DOCS = Path(__file__).resolve().parent.parent / "docs"
WIDTH = 100
HEAD = """\
# The command line

`tencentserverless VERB --help` prints what stands here; `make docs` writes this page. The command line needs Python
3.10 or later and `pip install "tencentserverless[local]"`. `python -m tencentserverless` is the same program.

Standard output gets data only: results, lines of JSON, tables. Notices, progress and errors go to standard error, so a
pipe never gets them. `--json` prints JSON, one object a line, for every verb; the verbs of which standard output
belongs to something else, `local start` and `local exec`, print that JSON to standard error. `NO_COLOR` removes
colours. No verb asks a question. `tencentserverless/_cli/output.schema.json` in the package describes that JSON.

Messages and help are in English or in Simplified Chinese: as `--language zh-CN` or `en-US` says, else as
`TENCENTSERVERLESS_LANGUAGE`, else as the language of the system. This page has the help in
English. Codes and names are always English.

## Exit codes

| code | meaning |
|---|---|
| 0 | all is well |
| 1 | the function failed; for `doctor`, mistakes were found |
| 2 | the command line is wrong, or a file that it names |
| 3 | the cloud refused, or the connection failed |
| 4 | credentials are missing, wrong, or not allowed to do this |
| 5 | another failure, and no function ran |
| 6 | the work is done, and the output could not be written |
| 130 | Ctrl-C. A message says whether an invocation may go on |

`local exec` has the exit code of its command. tccli ends with 255 where this program has 1, 3 or 4, and with 252 where
it has 2.

## Completion

The shell completes verbs, options and the names of functions that were used here, after one of these lines. Nothing is
asked over the network.

```shell
eval "$(_TENCENTSERVERLESS_COMPLETE=bash_source tencentserverless)"
eval "$(_TENCENTSERVERLESS_COMPLETE=zsh_source tencentserverless)"
_TENCENTSERVERLESS_COMPLETE=fish_source tencentserverless | source
```

## Verbs

"""


def page() -> str:
    table = [
        "| verb | what it does |",
        "|---|---|",
        *(f"| `{name}` | {verb.summary} |" for name, verb in VERBS.items()),
    ]
    return HEAD + "\n".join([*table, "", *map(section, VERBS)])


def section(name: str) -> str:
    return f"### {name}\n\n```text\n{help_of(name)}\n```\n"


def help_of(name: str) -> str:
    module, _, attribute = VERBS[name].command.partition(":")
    command = getattr(import_module(f"tencentserverless._cli.{module}"), attribute)
    settings = {"help_option_names": ["-h", "--help"], "terminal_width": WIDTH, "max_content_width": WIDTH}
    context = click.Context(command, info_name=f"tencentserverless {name}", **settings)
    return command.get_help(context)


if __name__ == "__main__":
    (DOCS / "command-line.md").write_text(page(), encoding="utf-8")
