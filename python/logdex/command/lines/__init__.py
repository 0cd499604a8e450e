"""`logdex SOURCE...`: the lines that are asked for, or what is said in their place."""
