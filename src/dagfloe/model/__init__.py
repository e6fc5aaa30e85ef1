"""The values that the API hands out, and the types of messages."""
