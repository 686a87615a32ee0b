"""The benchmark: compares Akako Sync with common alternatives on one machine in one run (`python -m bench`)."""
