"""The functions that the endpoint serves, and the versions of their code."""
