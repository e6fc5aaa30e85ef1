"""Tests of bundle files with every Python that dagfloe supports: `make pythons`."""
