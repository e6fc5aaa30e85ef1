"""The version of dagfloe, read by the build backend and frozen into every bundle."""

__version__ = "0.1.0"
