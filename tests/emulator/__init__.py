"""A stand-in for the Hopsworks REST API, for tests and for the demo. See README.md beside this file."""
