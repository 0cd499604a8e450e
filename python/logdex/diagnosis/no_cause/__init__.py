"""What is left out before the question is put: words of trouble that all wrote, got over, or owe to another."""
