from xmlresource.document import Document
from xmlresource.model.policy import MemoryPolicy
from xmlresource.tunables import Form
from xmlresource.units import KIB


def test_a_document_has_a_name_for_messages():
    assert Document.parse(b"<domain/>").source.name == "<document>"
    assert Document.parse(b"<domain/>", "a.xml").source.name == "a.xml"


def test_a_domain_is_read_once():
    document = Document.parse(b"<domain type='kvm'/>")
    assert document.domain.type == "kvm"
    assert document.domain is document.domain


def test_a_policy_is_read_in_any_encoding():
    text = "<?xml version='1.0' encoding='utf-16'?><memtune><hard_limit>3</hard_limit></memtune>"
    assert Document.parse(text.encode("utf-16")).policy == MemoryPolicy(hard_limit=3 * KIB)


def test_libvirts_own_documents_declare_in_memtune_only(corpus):
    declaring = [
        document
        for name, data in corpus.items()
        if (document := Document.parse(data, name)).declarations
    ]
    assert declaring
    assert {document.form for document in declaring} == {Form.MEMTUNE}
    assert all(found.error is None for document in declaring for found in document.declarations)
