// Package web reads the method of an HTTP request and a GraphQL document.
//
// A method says what a request does as far as the server keeps to the standard;
// what overrides a method, in a header or in the address, is the caller's to
// look for. A document is not checked against a schema, so a query whose fields
// change something is a read here.
package web

import (
	"strings"

	"callgate/detectors/code"
)

// methods says what the methods of RFC 9110 and RFC 5789 do. WebDAV's are not
// among them: they write, and some of them delete.
var methods = map[string]string{
	"GET": "read", "HEAD": "read", "OPTIONS": "read", "TRACE": "read",
	"POST": "write", "PUT": "write", "PATCH": "write", "DELETE": "delete", "CONNECT": "execute",
}

// Method reads the method of an HTTP request, in any case and with space around
// it. Every one reaches the network. A method that is not known, and none, may
// write and is opaque.
func Method(method string) code.Reading {
	name := strings.ToUpper(strings.Trim(method, " \t"))
	if effect, ok := methods[name]; ok && len(name) == len(strings.Trim(method, " \t")) { // no letter that only folds to another
		return code.Reading{Effects: []string{effect}, Traits: []string{code.Network}, Evidence: "http: " + strings.ToLower(name)}
	}
	return code.Reading{Effects: []string{"write"}, Traits: []string{code.Network, code.Opaque}, Evidence: "http: unknown method"}
}
