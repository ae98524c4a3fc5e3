"""What the tests need around them: a PostgreSQL, a running server, sockets, people."""
