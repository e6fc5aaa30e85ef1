"""Tasks that fail in every way and at every moment. tests/trust/grid describes what they must lead to."""
