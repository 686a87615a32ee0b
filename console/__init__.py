"""The console: pages in the browser, for admins. Each page calls operations of the API and renders their answers."""
