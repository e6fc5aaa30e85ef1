"""The table of distributions: its rows, the servers that they call, and the page that shows what was seen."""
