"""`logdex ranks`: who failed first, and what each rank did."""
