"""The list of what is in a bundle file, an SBOM in CycloneDX."""
