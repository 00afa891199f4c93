"""Which instance runs what: starting, reusing, retiring and killing instances."""
