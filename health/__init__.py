"""The pulse: whether each part moves (`watch`), what can be counted (`metrics`), and who may ask (`ready`)."""
