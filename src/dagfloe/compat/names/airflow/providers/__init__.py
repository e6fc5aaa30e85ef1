"""The providers that a bundle stands in for: only `standard`."""
