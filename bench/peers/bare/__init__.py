"""The ceiling: Starlette that reads the body and answers, and does nothing else."""
