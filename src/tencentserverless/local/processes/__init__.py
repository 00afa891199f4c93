"""Worker processes: how they are started, fed, measured and ended."""
