"""The bodies of messages as types, one module for each supervisor schema. For type checkers only: never frozen."""
