"""Long work as a process of its own: started, followed, stopped; its state follows from facts."""
