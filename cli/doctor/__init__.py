"""The checks of `dagfloe doctor`."""
