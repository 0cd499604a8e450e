"""Who speaks: files, prefixes and tags made into speakers, one for each rank, and the witnesses beside them."""
