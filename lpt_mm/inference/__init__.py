"""After training: the model in use."""
