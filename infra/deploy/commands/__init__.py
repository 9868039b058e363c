"""One module for each command, named after it. What several of them use is one level up."""
