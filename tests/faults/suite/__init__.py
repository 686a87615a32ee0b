"""The proof: breaks everything that can break, under load, and counts what was lost (`python -m faults`)."""
