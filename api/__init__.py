"""The desk: what the learning platform and its admins ask and change over HTTP. Each answer is made in a thread."""
