"""Runs functions in this interpreter, for debuggers, coverage and tests."""
