"""The demo: the whole service in one process, against an emulated cloud."""
