"""Lines as tables: columns that speak Arrow, and parts of logs that single tasks read."""
