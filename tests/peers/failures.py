"""What goes wrong in the functions of this folder, and how the platform tells of it."""

FAILURES = {  # function: (status code, what its message, or for 430 its traceback, says)
    "Raises": (430, "ValueError: broken on purpose"),
    "ReturnsNoJSON": (430, "is not JSON serializable"),
    "Sleeps": (433, "Invoking task timed out after 1 seconds"),
    "Grows": (434, "Task memory exceeded 128 MB"),
    "Exits": (439, "rocess exit"),
    "ImportsNothing": (443, "No module named 'no_such_module'"),
    "BadSyntax": (443, "SyntaxError"),
    "LacksHandler": (443, "has no attribute 'main_handler'"),
}
EVENTS = [{"a": "b", "名": "值"}, [1, 2.5, None], "text", 7, True]
