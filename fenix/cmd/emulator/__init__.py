"""``fenix-emulator``: Fenix and an emulated cloud, for trying out a manager."""
