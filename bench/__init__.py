"""The measure: ours beside what people use instead, on one machine in one run (`python -m bench`)."""
