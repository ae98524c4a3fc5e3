"""Code that reaches into the libraries below Socket.IO; each module names the versions it knows."""
