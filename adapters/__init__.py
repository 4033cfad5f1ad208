"""The open world: files, configuration, command line, exchanges."""
