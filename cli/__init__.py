"""The two command lines: the frozen bundle's (`bundle`) and the author's tool (`tool`)."""
