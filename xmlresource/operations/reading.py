"""Reading one document that a user names."""

from xmlresource.codes import CODES
from xmlresource.document import Document, DocumentError
from xmlresource.limits import MOST_BYTES
from xmlresource.model.domain import Domain
from xmlresource.system import documents

STANDARD_INPUT_NAME = "<stdin>"


def read_document(path: str) -> Document:
    """The document at ``path``; ``-`` is standard input.

    Raises:
        DocumentError: It can't be read (XR001) or is no readable XML.
    """
    name = STANDARD_INPUT_NAME if path == documents.STANDARD_INPUT else path
    try:
        data = documents.read(path, MOST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        found = CODES["XR001"].diagnostic(
            f"can't be read: {reason}", name, hint=CODES["XR001"].cure
        )
        raise DocumentError(found) from error
    return Document.parse(data, name)


def domain_of(document: Document) -> Domain:
    """The domain that a document defines.

    Raises:
        DocumentError: It defines none.
    """
    if document.domain is None:
        row = CODES["XR010"]
        raise DocumentError(
            row.diagnostic(
                f"<{document.root.name}> is not a domain, and this takes one",
                document.source.name,
                span=document.root.span,
                hint=row.cure,
            )
        )
    return document.domain
