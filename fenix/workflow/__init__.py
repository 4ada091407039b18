"""Workflows: the contracts of plug-ins, and what the built-in ones are made of."""
