"""The handler that does it all, as Clerk's tutorial does: verify, save the user in the request, answer."""
