"""The conformance runner: see README.md one folder up."""
