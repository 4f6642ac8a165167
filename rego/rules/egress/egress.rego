# METADATA
# title: Hosts that calls reach
# description: |
#   Objects to calls that reach hosts they may not: services that tell a machine
#   about itself always, private and special addresses unless they are open, what
#   the operator bans, and where the operator allows some hosts all others. A ban
#   wins. A name stands for itself and everything below it, a range for each
#   address in it. Names are not resolved.
# scope: package
# custom:
#   risk: critical
#   default: true
#   settings:
#     allowed:
#       description: |
#         the only hosts that calls reach: names in lower case, addresses, and
#         ranges as BASE/LENGTH; where it names none, every public host is open
#       default: []
#       form: host
#     banned:
#       description: hosts that no call reaches, written as in allowed
#       default: []
#       form: host
#     private:
#       description: true opens loopback, private and other special addresses and names
#       default: false
#   example:
#     call: {targets: [{role: host, pointer: /url, value: "http://10.0.0.5/", within: ["10.0.0.5", "10.0.0.0/8", "0.0.0.0/0"]}]}
#     says: deny
package callgate.rules.egress

import rego.v2

deny contains _said[_fault(target)] if {
	some target in input.targets
	not input.result
	not input.call.listing == true
	not target.role in {"recipient", "payee", "path"}
	not _open(target)
}

_open(target) if {
	is_object(data.settings.rules.egress.banned)
	is_string(target.within[0])
	not _among(target, _metadata)
	not _among(target, data.settings.rules.egress.banned)
	_reachable(target)
	_allowed(target)
}

_reachable(_) if data.settings.rules.egress.private == true

_reachable(target) if {
	not _among(target, _special)
	not _short(target)
}

_allowed(_) if data.settings.rules.egress.allowed == {}

_allowed(target) if _among(target, data.settings.rules.egress.allowed)

_among(target, hosts) if {
	some host in target.within
	hosts[host]
}

# A name without a dot is one of the own network; an address has a colon where
# it has no dot.
_short(target) if {
	not contains(target.within[0], ".")
	not contains(target.within[0], ":")
}

_fault(target) := "metadata" if {
	_among(target, _metadata)
} else := "banned" if {
	_among(target, data.settings.rules.egress.banned)
} else := "private" if {
	not _reachable(target)
} else := "other"

_said := {
	"metadata": {
		"reason": "it reaches a service that tells a machine about itself",
		"nearest": "reach public hosts only",
	},
	"private": {
		"reason": "it reaches a private or special address",
		"nearest": "reach public hosts only",
	},
	"banned": {
		"reason": "it reaches a host that is banned",
		"nearest": "ask the operator which hosts are open",
	},
	"other": {
		"reason": "it reaches a host that is not among the allowed ones",
		"nearest": "ask the operator which hosts are open",
	},
}

# Where clouds tell a machine about itself and its rights, from their own
# documentation; 169.254.0.0/16 and fe80::/10 are all of link-local.
_metadata := {
	"169.254.0.0/16", "fe80::/10",
	"100.100.100.200", "168.63.129.16", "192.0.0.192",
	"fd00:ec2::/32", "fd20:ce::/32",
	"instance-data", "instance-data.ec2.internal", "metadata", "metadata.azure.internal", "metadata.goog",
	"metadata.google.internal", "metadata.packet.net", "metadata.platformequinix.com",
	"metadata.service.consul", "metadata.tencentyun.com", "rancher-metadata",
}

# The IANA registries of special-purpose addresses for IPv4 and IPv6, multicast,
# what carries an IPv4 address inside, and names that RFC 6761, RFC 8375 and
# RFC 6762 (appendix G) keep out of the public tree.
_special := {
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
	"240.0.0.0/4",
	"::/96", "::ffff:0:0/96", "::ffff:0.0.0.0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7",
	"fec0::/10", "ff00::/8",
	"localhost", "localdomain", "local", "internal", "intranet", "private", "corp", "home", "home.arpa", "lan",
}
