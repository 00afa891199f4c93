"""Which functions there are, and whether their code has changed."""
