"""Plain data that all other folders use. The files import no other part of the local endpoint."""
