"""The pulse: whether each part moves (`watch`), what can be counted (`counts`), and who may ask (`ready`)."""
