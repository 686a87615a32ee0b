"""One module for each subject; each function answers one route."""
