"""Bytes to requests: connections, ports, TLS."""
