"""What is told about a wrong command line: how the verb is used, where its help is, and the mistake.

Each of these lines is in the language of the message about the mistake. Some messages of click exist in English only.
"""

from collections.abc import Iterator

import click

from tencentserverless._cli.language import is_chinese, joined, text

_ONLY_HELP = getattr(click.exceptions, "NoArgsIsHelpError", ())  # newer releases of click have it


def lines(error: click.UsageError) -> Iterator[str]:
    """The lines to print."""
    if isinstance(error, _ONLY_HELP):  # nothing was typed after the name of a group of verbs
        yield error.format_message()
        return
    message = _message(error)
    words = _CHINESE if is_chinese(message) else _ENGLISH
    context = error.ctx
    if context is not None:
        yield words["usage"].format(context.get_usage().removeprefix("Usage: ").removeprefix("用法："))
        yield words["help"].format(context.command_path)
        yield ""
    if isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter):
        message = words["value"].format(_name_of(error), message)
    yield words["error"].format(message)


_ENGLISH = {
    "usage": "Usage: {}",
    "help": "Try '{} --help' for help.",
    "value": "Invalid value for {}: {}",
    "error": "Error: {}",
}
_CHINESE = {
    "usage": "用法：{}",
    "help": "输入 {} --help 查看帮助。",
    "value": "{} 的值无效：{}",
    "error": "错误：{}",
}


def _message(error: click.UsageError) -> str:
    if isinstance(error, click.MissingParameter):
        return text("Missing {what}.", what=_missing(error))
    if isinstance(error, click.NoSuchOption):
        message = text("No such option {name}.", name=error.option_name)
        near = error.possibilities or [""]
        return joined(message, text("Did you mean {name}?", name=near[0]) if near[0] else "")
    return error.message


def _name_of(error: click.BadParameter) -> str:
    hint = error.param_hint
    if hint is None and error.param is not None:
        hint = error.param.get_error_hint(error.ctx)
    return hint if isinstance(hint, str) else " ".join(hint or ())


def _missing(error: click.MissingParameter) -> str:
    is_option = isinstance(error.param, click.Option)
    name = _name_of(error).replace("'", "")
    return text("the option {name}", name=name) if is_option else text("the argument {name}", name=name)
