"""What the end-to-end tests stand on; the tests import from its modules.

`sandbox` borrows the machine and gives it back, `daemons` runs libvirt, `guests` builds and
drives guests, `hooks` puts scripts into libvirt's hook folders, `cgroups` reads the kernel's
side, `product` installs xmlresource as a user would. `commands` is below all of them.
"""
