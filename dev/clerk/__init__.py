"""A Clerk instance for development and tests: Backend API, signed deliveries, sessions, and faults on demand.

It behaves as Clerk's documentation and its OpenAPI document describe, keeps its users in memory or in a file, and
listens on the loopback interface only. No process of production imports it.
"""
