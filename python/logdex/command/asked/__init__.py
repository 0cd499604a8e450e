"""What the words of a command line ask: options, moments, and which of them do not go together."""
