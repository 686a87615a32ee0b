"""HTTP server (uvicorn) with limits on the size, duration and number of requests and connections."""
