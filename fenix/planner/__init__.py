"""Decisions as pure functions: a picture of the cloud in, hosts and targets out.

No I/O, no clock, no configuration: the same picture always gives the same decision.
"""
