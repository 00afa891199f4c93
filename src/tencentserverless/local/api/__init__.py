"""The cloud API: an API call in, API JSON out."""
