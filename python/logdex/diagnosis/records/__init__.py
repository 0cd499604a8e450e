"""What single records of a log tell: of which failure, in which role, and who ended how."""
