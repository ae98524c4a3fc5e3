"""Black-box tests: a real server on a real port, spoken to over HTTP and Socket.IO."""
