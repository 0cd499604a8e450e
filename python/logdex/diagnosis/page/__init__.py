"""What is shown: the page to hand on, and the rows of cells that the terminal shows, too."""
