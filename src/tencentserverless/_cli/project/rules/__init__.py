"""The rules of `doctor`: what goes wrong in the cloud, or does not do what it looks like."""
