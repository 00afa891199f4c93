"""What a function finds around it: variables, disk, layers, packages."""
