"""What one attacker has one of, where attempts are counted by the address that they come from."""

import ipaddress


def network_of(ip_address: str, /) -> str:
    """Return an IPv4 address, or the /64 of an IPv6 one; all that is no address is one."""
    try:
        address = ipaddress.ip_address(ip_address)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.IPv6Network((address, 64), strict=False))
