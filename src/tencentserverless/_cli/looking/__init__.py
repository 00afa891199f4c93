"""The verbs that look back: what was invoked, how it ended, what it printed."""
