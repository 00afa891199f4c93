"""An invocation from its arrival to its record."""
