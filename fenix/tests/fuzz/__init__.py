"""Requests that nobody would send, at an API of its own; ``tools/fuzz`` runs it."""
