"""Remote tracebacks for the tests, as a platform sends them, and the errors that carry them."""

from tencentserverless import exception as errors

HEAD = "Traceback (most recent call last):"
CAUSE = "\n\nThe above exception was the direct cause of the following exception:\n\n"
CONTEXT = "\n\nDuring handling of the above exception, another exception occurred:\n\n"
CLIENT_FRAMES = (
    '  File "/opt/tencentserverless/scf.py", line 212, in invoke\n    return Client(region).invoke(\n           ^^^^\n'
    '  File "/opt/tencentserverless/_transport/blocking/transport.py", line 7, in perform\n    effect = send(a)\n'
)


def trace(raised, line=5, source="return PRICES[event]", client=False):
    """The traceback of a function, with frames of the client's if it invoked another one."""
    frame = f'  File "/var/user/index.py", line {line}, in main_handler\n    {source}\n'
    return f"{HEAD}\n{frame}{CLIENT_FRAMES if client else ''}{raised}"


def function_error(name, stack_trace, request_id="id"):
    """The error of a function that raised, as the client makes it."""
    error = errors.FunctionError(-1, "user code exception caught", request_id, None, stack_trace)
    error.status_code = 430
    error.function_name, error.region, error.namespace = name, "ap-guangzhou", "default"
    return error


def invoked_by(name, error, request_id="id", module="tencentserverless.exception"):
    """The error of a function that invoked another one, which failed with `error`."""
    raised = f"{module}.{type(error).__name__}: {error}"
    return function_error(name, trace(raised, source="return scf.invoke(other)", client=True), request_id)


def a_chain(*names):
    """The error of a chain of functions; the last one raised KeyError."""
    error = function_error(names[-1], trace("KeyError: 'price'"), f"id-of-{names[-1]}")
    for name in reversed(names[:-1]):
        error = invoked_by(name, error, f"id-of-{name}")
    return error
