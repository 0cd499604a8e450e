"""`logdex view`: a pager of logs. Needs Textual (`pip install 'logdex[view]'`) in `app` and its kin only."""
