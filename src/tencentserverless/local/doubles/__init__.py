"""Stand-ins for functions in tests: stubs, and the account of what a test expected and did not get."""
