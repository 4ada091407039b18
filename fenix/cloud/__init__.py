"""Ports to the cloud: what Fenix needs of it, and how OpenStack provides it."""
