"""HTTP: errors, forms, headers, CSRF, CORS and themes, shared by all pages and calls."""
