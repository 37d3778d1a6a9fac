"""What is said of a document that is not well-formed: what, where it began, and the cure."""

import pytest

from xmlresource.document import Document, DocumentError

DOMAIN = "<domain type='kvm'>"


def said(text):
    with pytest.raises(DocumentError) as caught:
        Document.parse(text if isinstance(text, bytes) else text.encode())
    found = caught.value.diagnostic
    assert found.code == "XR002"
    return found.message.removeprefix("not well-formed XML: "), found.hint


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        # tags
        (f"{DOMAIN}\n<devices>\n<disk>\n</devices></domain>",
         "<disk> (line 3) is closed by </devices>", "write </disk> before </devices>"),
        (f"{DOMAIN}\n<memory>1</Memory></domain>",
         "<memory> (line 2) is closed by </Memory>", "write </memory>"),
        ("<a></a></a>", "</a> closes nothing that is open", "remove it"),
        ("</a>", "</a> closes nothing that is open", "remove it"),
        ("<a><b</a>", "a tag begins inside of another one", "write > where the first one ends"),
        ("<a/><b/>", "<b> is a second document element",
         "put each document into a file of its own"),
        ("<a/>text", "something follows the end of the document element", "remove it"),
        ("<a/></b>", "</b> closes nothing that is open", "remove it"),
        # the end
        ("", "there is no element in it", "write a <domain>, or remove the file"),
        ("<!-- nothing -->", "there is no element in it", "write a <domain>, or remove the file"),
        (f"{DOMAIN}\n<on_crash>des",
         "the document ends while <on_crash> (line 2), <domain> (line 1) are open",
         "write </on_crash></domain> at the end, unless something was cut off"),
        ("<a>", "the document ends while <a> (line 1) is open",
         "write </a> at the end, unless something was cut off"),
        ("<a><b><c><d><e><f>",
         ("the document ends while <f> (line 1), <e> (line 1), <d> (line 1), <c> (line 1) and "
          "2 more are open"),
         "write </f></e></d></c>… at the end, unless something was cut off"),
        ("<a b='1", "the document ends inside of the tag that begins here",
         "write >, and look for a missing quote"),
        ("<a><!-- x</a>", "the comment that begins here never ends", "write -->"),
        ("<a><?x </a>", "the processing instruction that begins here never ends", "write ?>"),
        ("<a><![CDATA[x</a>", "the document ends inside of a CDATA section",
         "write ]]> where it ends"),
        # prefixes
        (f"{DOMAIN}<qemu:commandline/></domain>", "the prefix 'qemu' is not declared",
         "declare xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0' on <domain>"),
        (f"{DOMAIN}<metadata><xr:resource/></metadata></domain>",
         "the prefix 'xr' is not declared", "declare xmlns:xr='urn:xmlresource:1' on <domain>"),
        (f"{DOMAIN}<a xmlns:o='o' o:b=''><o:c d='see this:one >' xmlns:p='q' p:q='' x:e=''/></a>",
         "the prefix 'x' is not declared", "declare xmlns:x='…' on <domain>"),
        ("<x:a/>", "the prefix 'x' is not declared", "declare xmlns:x='…' on <x:a>"),
        # entities and signs
        ("<a>b&nbsp;c</a>", "the entity &nbsp; is not defined in XML",
         "write &#160;, or the character itself"),
        ("<a b='&amp;&#1234;&mine;'/>", "the entity &mine; is not defined in XML",
         "XML has &amp; for &, &lt; for <, and &gt;, &quot;, &apos;"),
        ("<a>R&D</a>", "a bare & stands for nothing", "write &amp;"),
        ("<a b='x & y'/>", "a bare & stands for nothing", "write &amp;"),
        ("<a>&amp</a>", "&amp lacks its semicolon", "write &amp;"),
        ("<a>&#xg;</a>", "&# is not followed by the number of a character",
         "write one, such as &#160;"),
        ("<a>&#0;</a>", "&#0; is no character that XML allows", "remove it"),
        ("<a>1 < 2</a>", "what follows < is no name", "write &lt; if no tag is meant"),
        ("<a b='<'/>", "there is a < in an attribute's value", "write &lt;"),
        ("<a>]]></a>", "]]> is not allowed in text", "write ]]&gt;"),
        ("<a>\x01</a>", "the character U+0001 is not allowed in XML", "remove it"),
        (b"<a>\xff</a>", "the byte 0xff is not UTF-8",
         "save the file as UTF-8, or declare its encoding"),
        # attributes
        ("<a\n id='1' b=' id=' id='2'/>",
         "<a> has the attribute 'id' twice; the first is at line 2",
         "remove one of the two"),
        ("<a xmlns:x='u' xmlns:y='u' x:b='' y:b=''/>",
         "two attributes have one name in one namespace", "remove one of the two"),
        ("<a b=1/>", "the value of 'b' has no quotes", "write b='1'"),
        ("<a b=“1”>", "the value of 'b' has no quotes", "write b='1'"),
        ("<a b/>", "the attribute 'b' has no value", "write b='…'"),
        ("<a b='1'c='2'/>", "there is no blank between two attributes", "write one"),
        # the rest
        ("<a><!-- a -- b --></a>", "a comment must not hold --", "write - - or another sign"),
        ("text<a/>", "there is text before the first element", "remove it"),
        ("text", "there is text before the first element", "remove it"),
        ("\n<?xml version='1.0'?><a/>", "the XML declaration is not at the very beginning",
         "remove what is before <?xml, blanks too"),
        ("<?xml version='2.0'?><a/>", "there is no version '2.0'", "write version='1.0'"),
        # what has no words of its own
        ("<a %='1'/>", "invalid token", None),
        ("<a b 'x'/>", "invalid token", None),
        ("<a></a b>", "invalid token", None),
        ("<a:b:c/>", "invalid token", None),
        ("<a xmlns:x=''/>", "must not undeclare prefix", None),
    ],
)  # fmt: skip
def test_it_is_said_what_is_wrong_and_what_to_do(text, message, hint):
    assert said(text) == (message, hint)


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.9"])
def test_every_1_x_is_read(version):
    assert Document.parse(f"<?xml version='{version}'?><a/>".encode()).root.name == "a"


@pytest.mark.parametrize(
    "text",
    [
        f"<{'a' * 1_000_000}>",
        f"<a></{'b' * 1_000_000}>",
        f"<{'x' * 1_000_000}:a/>",
        f"<a>&{'b' * 1_000_000};</a>",
        f"<a {'b' * 1_000_000}='' {'b' * 1_000_000}=''/>",
        f"<a b={'1' * 1_000_000}>",
        f"<a/><{'b' * 1_000_000}/>",
    ],
    ids=["open", "end", "prefix", "entity", "attribute", "value", "root"],
)
def test_no_name_is_so_long_that_the_message_is(text):
    message, hint = said(text)
    assert len(message) <= 200
    assert hint is None or len(hint) <= 200
