"""The environment of a function: variables, disk, layers, packages."""
