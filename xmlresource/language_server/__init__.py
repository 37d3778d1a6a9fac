"""The language server: what editors ask about a document of libvirt's that somebody writes.

``server`` and ``editor_server`` speak the protocol, with pygls, and ``wire`` puts answers into its
types. Everything else here knows neither, and answers in bytes of the document.
"""
