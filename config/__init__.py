"""The ground: every setting (`settings`) and how the process speaks (`logs`). Imports no other room."""
