"""Remote functions as Python functions: called, mapped over many events, sent as Event invocations."""
