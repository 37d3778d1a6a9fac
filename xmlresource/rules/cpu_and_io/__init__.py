"""The rules of ``<cpu>`` and ``<io>``, loaded only for a document that has one of them."""
