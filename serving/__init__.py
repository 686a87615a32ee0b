"""The threshold: how a process of ours listens to strangers, within bounds of size, time and number."""
