"""The command lines: the author's tool `dagfloe`, and in `frozen` the one inside each bundle file."""
