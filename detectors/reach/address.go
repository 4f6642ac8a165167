package reach

import "net/netip"

// networks gives an address and every network around it, down to the one of
// all addresses. An IPv6 address that carries an IPv4 address is also within
// the networks of that one.
func networks(ip netip.Addr) []string {
	ip = ip.WithZone("").Unmap()
	out := make([]string, 0, 2+ip.BitLen())
	out = append(out, ip.String())
	for bits := ip.BitLen(); bits >= 0; bits-- {
		network, _ := ip.Prefix(bits) // never fails within the length
		out = append(out, network.String())
	}
	if inner := Inner(ip); inner != ip {
		out = append(out, networks(inner)...)
	}
	return out
}

var (
	translated = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
	sixToFour  = netip.MustParsePrefix("2002::/16")    // RFC 3056
	compatible = netip.MustParsePrefix("::/96")        // RFC 4291, section 2.5.5.1
)

// Inner takes an IPv4 address out of the IPv6 forms that carry one, and gives
// any other address as it is, without its zone.
func Inner(ip netip.Addr) netip.Addr {
	ip = ip.WithZone("").Unmap()
	if !ip.Is6() {
		return ip
	}
	b := ip.As16()
	switch {
	case translated.Contains(ip), compatible.Contains(ip) && (b[12] != 0 || b[13] != 0):
		return netip.AddrFrom4([4]byte(b[12:16]))
	case sixToFour.Contains(ip):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return ip
}
