"""The namespaces that domains are extended in, by their usual prefixes."""

from typing import Final

from xmlresource.tunables import NAMESPACE

_LIBVIRT: Final = "http://libvirt.org/schemas"

URIS: Final = {
    **{name: f"{_LIBVIRT}/domain/{name}/1.0" for name in
       ("qemu", "xen", "lxc", "bhyve", "vmware", "openvz")},
    "dnsmasq": f"{_LIBVIRT}/network/dnsmasq/1.0",
    "xr": NAMESPACE,
    "libosinfo": "http://libosinfo.org/xmlns/libvirt/domain/1.0",
}  # fmt: skip
"""The namespace that a prefix usually stands for."""
