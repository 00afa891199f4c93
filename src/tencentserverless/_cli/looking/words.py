"""The words of tables and pictures of functions and invocations, in the chosen language. JSON has the English ones."""

from tencentserverless._cli.language import text


def column_heads() -> dict[str, str]:
    """The heads of the columns of tables, by their English ones."""
    return {
        "function": text("function"),
        "region": text("region"),
        "namespace": text("namespace"),
        "runtime": text("runtime"),
        "memory": text("memory"),
        "timeout": text("timeout"),
        "code": text("code"),
        "last run": text("last run"),
        "outcome": text("outcome"),
    }


def labels() -> dict[str, str]:
    """The names of what is known of a function, by their names in JSON."""
    return {
        **column_heads(),
        "function_name": text("function name"),
        "qualifier": text("qualifier"),
        "handler": text("handler"),
        "memory_mb": text("memory mb"),
        "init_timeout": text("init timeout"),
        "status": text("status"),
        "description": text("description"),
        "code_bytes": text("code bytes"),
        "modified_at": text("modified at"),
        "variables": text("variables"),
        "layers": text("layers"),
        "triggers": text("triggers"),
        "last_run_at": text("last run at"),
        "last_outcome": text("last outcome"),
    }


def kinds() -> dict[str, str]:
    """The parts of an invocation, by their English names."""
    return {"waiting": text("waiting"), "cold start": text("cold start"), "running": text("running")}


def verdict(english: str) -> str:
    """How an invocation ended, from the English words for it."""
    if english.startswith("failed ("):
        return text("failed ({code})", code=english.removeprefix("failed (").removesuffix(")"))
    states = {"ok": text("ok"), "running": text("running"), "failed": text("failed"), "unknown": text("unknown")}
    return states.get(english, english)
