"""Plain words for the values that libvirt's schemas name, each with an example.

The names are those of the defines in libvirt's ``*.rng``; a test holds the table to every named
datatype that the installed schemas use, and each example to its datatype.
"""

from __future__ import annotations

from typing import Final

from xmlresource.document.prefixes import URIS
from xmlresource.relaxng.diagnosing.vernacular import Described, Words

_OCTET: Final = "a number from 0 to 255, decimal or 0x and 1 or 2 hex digits"
_NAME: Final = "a name of letters, digits, '_' and '-'"
_MAC: Final = "a MAC address: six pairs of hex digits with ':' between"
_DIGITS: Final = "a number of 1 or 2 digits"
_DUID: Final = "a DHCP unique identifier: hex digits with ':' between"

DATATYPES: Final = {
    name: Described(what, example)
    for name, what, example in (
        # numbers
        ("positiveInteger", "a whole number, 1 or more", "1"),
        ("unsignedInt", "a whole number, 0 to 4294967295", "2"),
        ("unsignedLong", "a whole number, 0 or more", "4194304"),
        ("unsignedShort", "a whole number, 0 to 65535", "0"),
        ("hexuint", "a number in lower-case hex digits, 0x before it or not", "0x2f"),
        ("octalMode", "permissions as octal digits", "0744"),
        ("createMode", "permissions as up to three octal digits, 0 before them or not", "0600"),
        ("uint8", _OCTET, "0x1f"),
        ("uint16", "a number from 0 to 65535, decimal or up to 4 hex digits", "0x1f"),
        ("uint24", "a number from 0 to 16777215, decimal or 0x and 1 to 6 hex digits", "0x1f"),
        ("uint32", "a number from 0 to 4294967295, decimal or up to 8 hex digits", "0x1f"),
        ("memoryKB", "a size in KiB, a whole number", "4194304"),
        ("timeDelta", "a number of seconds, with a sign or without", "-3600"),
        ("timeval", "a number of seconds, 0 or more", "0.5"),
        ("timestamp", "seconds since 1970, with up to nine decimal places", "1700000000.5"),
        ("rebootTimeoutDelay", "milliseconds, -1 to 32767 (-1: no reboot)", "3000"),
        ("PortNumber", "a port number, or -1 to have one chosen", "5900"),
        ("port", "a port number, 1 to 65535", "53"),
        ("BurstSize", "a size in KiB, 1 or more", "1024"),
        ("speed", "a rate in KiB a second, 1 or more", "1000"),
        ("weight", "a weight from 100 to 1000", "500"),
        ("priority-type", "a priority from -1000 to 1000", "500"),
        ("numaDistanceValue", "a NUMA distance from 10 to 255", "20"),
        # sizes and processors
        ("unit", "a unit: b, bytes, KB, KiB, MB, MiB, GB, GiB, TB, TiB …", "GiB"),
        ("countCPU", "a number of CPUs, 1 to 65535", "4"),
        ("vcpuid", "the number of a virtual CPU, from 0", "0"),
        ("cpuset", "CPUs as a list, such as 0-3,^2,8", "0-3"),
        ("cpushares", "CPU shares, a whole number", "1024"),
        ("cpuperiod", "a period from 1000 to 1000000 microseconds", "100000"),
        ("cpuquota", "a quota in microseconds, or -1 for no limit", "50000"),
        ("featureName", "a feature's name: letters, digits, '-', '_', '.'", "vmx"),
        ("monitorFeature", "a feature's name that begins with llc_ or mbm_", "llc_occupancy"),
        # names and identifiers
        ("UUID", "a UUID: 32 hex digits, with '-' as in 8-4-4-4-12 or without",
         "c7a5fdbd-edaf-9455-926a-d65c16db1809"),
        ("objectName", "a name without '/' and line ends", "web1"),
        ("objectNameWithSlash", "a name without line ends", "web1"),
        ("volName", "a file name: no '/', not '.' or '..'", "disk.qcow2"),
        ("genericName", "a name of letters, digits, '_', '+' and '-'", "default"),
        ("checkpointName", "a name of letters, digits, '_', '-' and '.'", "monday"),
        ("aliasName", "an alias: letters, digits, '_', '-', '.'", "ua-disk1"),
        ("zoneName", _NAME, "public"),
        ("filter-param-name", "a name of letters, digits and '_'", "IP"),
        ("filter-param-value", "letters, digits, '_', '.' and ':'", "192.168.122.5"),
        ("netfeaturename", "a feature's name: letters, '-' and '_'", "rx"),
        ("comment-type", "text", "web servers"),
        ("sysinfo-value", "text", "LENOVO"),
        ("diskSerial", "letters, digits, '_', '.', '+', '-' and spaces", "WD-WMAP9A966149"),
        ("timeZone", "a time zone, such as Europe/Berlin", "Europe/Berlin"),
        ("virtualPortProfileID", "a profile's name of at most 39 characters", "production"),
        ("vpdFieldValueFormat", "at most 255 printable characters", "A1234"),
        ("vendorVPDFieldIndex", "one digit or capital letter", "Z"),
        ("systemVPDFieldIndex", "one digit or capital letter other than A", "Z"),
        # paths
        ("absFilePath", "an absolute path", "/var/lib/libvirt/images/web1.qcow2"),
        ("absDirPath", "an absolute path", "/srv"),
        ("filePath", "a path", "/srv/web1.img"),
        ("dirPath", "a path", "/srv"),
        ("path", "an absolute path", "/sys/devices/pci0000"),
        ("vmwarePath", "a path as '[datastore] folder/file'", "[local] web1/web1.vmdk"),
        ("deviceName", "the name of a device: letters, digits, '_.-:/\\'", "eth0"),
        ("diskTargetDev", "a disk in the guest: fd, hd, sd, vd, xvd or ubd and letters", "vda"),
        # network
        ("macAddr", _MAC, "52:54:00:12:34:56"),
        ("uniMacAddr", f"{_MAC}, the second digit even", "52:54:00:12:34:56"),
        ("multiMacAddr", f"{_MAC}, the second digit odd", "01:00:5e:00:00:01"),
        ("mac", _MAC, "52:54:00:12:34:56"),
        ("addrMAC", "a MAC address, or a variable", "52:54:0:12:34:56"),
        ("ipv4Addr", "an IPv4 address", "192.168.122.1"),
        ("ipv6Addr", "an IPv6 address", "fd00::1"),
        ("ipv4Prefix", "the length of a prefix, 0 to 32", "24"),
        ("ipv6Prefix", "the length of a prefix, 0 to 128", "64"),
        ("addrIP", "an IPv4 address, or a variable", "192.168.122.5"),
        ("addrIPv6", "an IPv6 address, or a variable", "fd00::1"),
        ("addrMask", "a netmask or the length of a prefix, or a variable", "24"),
        ("addrMaskv6", "an IPv6 mask or the length of a prefix, or a variable", "64"),
        ("addr-family", "ipv4 or ipv6", "ipv4"),
        ("dnsName", "a host's name: letters, digits, '.', '-'", "ceph1.example.org"),
        ("protocol", "tcp or udp", "tcp"),
        ("vlan-id", "a VLAN from 0 to 4095", "42"),
        ("vlan-vlanid", "a VLAN from 0 to 4095, decimal or 0x and hex digits", "42"),
        ("duidLLT", _DUID, "00:01:00:01:01:02:03:04:05:06:07:08:09:0a"),
        ("duidEN", _DUID, "00:02:00:00:00:09:01"),
        ("duidLL", _DUID, "00:03:00:01:02:03:04:05:06:07"),
        ("duidUUID", _DUID, "00:04:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10"),
        ("dbusAddr", "an address of D-Bus", "unix:path=/run/dbus/system_bus_socket"),
        ("IscsiQualifiedName", "an iSCSI name, such as iqn.2013-06.com.example:disk",
         "iqn.2013-06.com.example:disk"),
        ("wwn", "a world wide name: 16 hex digits", "5000c50015ea71ac"),
        ("bridgeMode", "vepa, bridge, private or passthrough", "bridge"),
        # addresses of devices
        ("pciSlot", "a PCI slot from 0x00 to 0x1f", "0x03"),
        ("pciFunc", "a PCI function from 0 to 7", "0x0"),
        ("usbId", "a USB identifier: up to 4 hex digits", "0x1234"),
        ("usbIdDefault", "-1 for any", "-1"),
        ("usbVersion", "a USB version, such as 2.0", "2.0"),
        ("usbAddr", "a USB bus or device: up to 3 hex digits", "0x02"),
        ("usbClass", "a USB class: up to 2 hex digits", "0x08"),
        ("usbPort", "a USB port, such as 1.2", "1.2"),
        ("driveController", _DIGITS, "0"),
        ("driveBus", _DIGITS, "0"),
        ("driveTarget", _DIGITS, "0"),
        ("driveUnit", "a number of up to 5 digits", "0"),
        ("driveSCSITarget", "a number of up to 10 digits", "0"),
        ("driveSCSIUnit", "a number of up to 20 digits", "0"),
        ("virtioserialPort", _DIGITS, "1"),
        ("ccidSlot", _DIGITS, "0"),
        ("spaprvioReg", "a register: up to 8 hex digits", "0x1000"),
        ("ccwCssidRange", "a channel subsystem from 0x0 to 0xfe", "0xfe"),
        ("ccwSsidRange", "a subchannel set from 0 to 3", "0x0"),
        ("ccwDevnoRange", "a device number from 0x0000 to 0xffff", "0x0001"),
        ("apDomainRange", "a crypto domain from 0 to 255, decimal or 0x and hex digits", "0x2f"),
        # filters
        ("variable-name-type", "a variable, such as $IP or $IP[1]", "$IP"),
        ("sixbitrange", "a number from 0 to 63, decimal or 0x and hex digits", "0x1f"),
        ("uint16range", "a number from 0 to 65535, decimal or 0x and hex digits", "0x1f"),
        ("uint32range", "a number, decimal or 0x and 1 to 8 hex digits", "0x1f"),
        ("mac-protocolid", "a protocol's number from 1536 (0x600), or its name", "0x800"),
        ("arpOpcodeType", "an ARP operation by name or number", "Request"),
        ("ipProtocolType", "an IP protocol by name or number", "6"),
        ("statematch-type", "false or 0", "false"),
        ("stateflags-type", "NONE, or NEW, ESTABLISHED, RELATED, INVALID with ',' between",
         "NEW,ESTABLISHED"),
        ("tcpflags-type", "TCP flags and those that are set, as in SYN,ACK/SYN", "SYN,ACK/SYN"),
        ("ipset-name-type", "the name of an IP set, at most 31 characters", "blocked"),
        ("ipset-flags-type", "up to six of src and dst with ',' between", "src,dst"),
    )
}  # fmt: skip
"""The named datatypes, by the name of the define."""

PREFIXES: Final = {uri: prefix for prefix, uri in URIS.items()}
"""The usual prefix of a namespace."""

DIALECTS: Final = {
    **dict.fromkeys(("kvm", "qemu", "hvf"), URIS["qemu"]),
    **{name: URIS[name] for name in ("xen", "lxc", "bhyve", "vmware", "openvz")},
}
"""The namespace of a driver's extensions, by the type of a domain."""

WORDS: Final = Words(DATATYPES, PREFIXES, DIALECTS)
