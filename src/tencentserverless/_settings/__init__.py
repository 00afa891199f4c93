"""Where settings and credentials come from: arguments, environment, files and roles."""
