"""One HTML file about hosts, for a browser: no script, style, font or picture from elsewhere."""
