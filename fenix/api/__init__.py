"""The HTTP API (contract sections 1 to 4)."""
