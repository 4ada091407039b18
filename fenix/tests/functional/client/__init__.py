"""The client and the command line against a running service."""
