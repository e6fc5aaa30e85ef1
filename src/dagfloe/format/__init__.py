"""The bundle file: trailer, manifest, payload and digests."""
