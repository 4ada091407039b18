"""Nova's compute API, one module for each resource."""
