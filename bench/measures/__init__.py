"""One module per measure. Contenders alternate within each round, so that all run under the same conditions."""
