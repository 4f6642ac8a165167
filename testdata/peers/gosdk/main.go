// Command gosdk is a peer on the official Go SDK for MCP. It lives in a module
// of its own, so that Callgate does not depend on that SDK.
//
//	gosdk play < plan.json     play a plan as a client, print the transcript
//	gosdk serve stdio|http     be a server; http listens on $PORT at /mcp
//
// Plan and transcript are those of ../clients/session.mjs.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "gosdk:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case slices.Equal(args, []string{"play"}):
		return play(ctx, os.Stdin, os.Stdout)
	case slices.Equal(args, []string{"serve", "stdio"}):
		return serveStdio(ctx)
	case slices.Equal(args, []string{"serve", "http"}):
		return serveHTTP(ctx, os.Getenv("PORT"))
	default:
		return errors.New("usage: gosdk play | serve stdio | serve http")
	}
}
