"""One file a measure: each yields its rows, round after round, every contender in turn, so that all see one machine."""
