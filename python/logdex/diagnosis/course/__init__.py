"""The course of a job in time: clocks that differ, attempts, how far each rank came, and where all stood still."""
