"""One module per resource, with its schema beside it."""
