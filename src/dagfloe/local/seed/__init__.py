"""What a run starts from: the seed file and environment variables."""
