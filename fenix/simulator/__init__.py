"""Whole sessions in virtual time: the real engine and workflows on a cloud and rows in memory.

No SQL, no HTTP, no threads: the clock jumps from one thing that happens to the next.
"""
