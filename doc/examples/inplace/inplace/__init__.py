"""A workflow plug-in for Fenix."""
