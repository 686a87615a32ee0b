"""The conformance scenarios with a look into the receiver's tables, against this project and alternatives.

`python -m tests.conformance` runs them all and writes `results.json`; docs/explanation/comparison.md shows it.
"""
