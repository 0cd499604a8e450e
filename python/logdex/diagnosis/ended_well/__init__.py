"""Whether the job ended well in spite of all that was told, as those say who saw all of it end."""
