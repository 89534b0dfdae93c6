"""Version of all that the operations compile."""

CACHE_VERSION = 13
"""To be raised whenever a kernel changes: or compiled models on disk would keep the old one."""
