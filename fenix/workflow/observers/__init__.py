"""The built-in observers of hosts."""
