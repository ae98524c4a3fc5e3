"""What every HTTP answer shares: errors, forms, headers, CSRF, CORS, themes."""
