"""Seattle's weather by month."""
