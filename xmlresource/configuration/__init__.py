"""The settings of a host and of a repository, from the text of their TOML files."""
