"""Plain data that all other folders use. Imports nothing else of the local endpoint."""
