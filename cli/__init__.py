"""The toolbox: the `akako` command, and the embedded servers that it runs on a bare machine."""
