// Package mcp puts the firewall on the Model Context Protocol, over Streamable
// HTTP and over stdio, in both of the protocol's eras. It reads raw bytes
// behind the gate and relays what it does not judge unchanged.
package mcp

import (
	"context"

	"callgate/toolproxy"
)

// Ask sends one request upstream and returns the message that answers it, as
// raw bytes that have passed the gate. While it waits, the transport relays
// what else the upstream sends to the client. The error is a
// *toolproxy.Refusal with one of the upstream codes.
type Ask func(ctx context.Context, request []byte) (reply []byte, err error)

// Client is who sent a message, and in which conversation.
type Client struct {
	Caller  toolproxy.Caller
	Session string
}

// Visible reports whether a caller could ever be allowed to use a tool.
type Visible func(ctx context.Context, caller toolproxy.Caller, tool *toolproxy.Tool) bool

// Server is one upstream as the firewall sees it, whatever transport leads to
// it: which tools it has and how a message becomes a call. It is safe for
// concurrent use.
type Server struct {
	Name    string
	Guard   toolproxy.Guard
	Visible Visible
	Gate    toolproxy.Gate // for what clients send
	Replies toolproxy.Gate // for what the upstream sends
}
