"""The shortcut past expat for documents that are like those before."""
