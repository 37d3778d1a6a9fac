"""Our elements in a document that is being edited: where each stands, by the table of tunables.

libvirt's schema leaves open what is in them, so that all that is offered and said of them is here.
"""
