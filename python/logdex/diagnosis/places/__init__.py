"""Where ranks run: hosts, the GPUs, processes and pods on them, and the launcher of each."""
