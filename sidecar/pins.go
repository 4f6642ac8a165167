package sidecar

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"callgate/detectors/effects"
	"callgate/sidecar/pin"
	"callgate/toolproxy"
)

// printOf is a tool's definition in short.
func printOf(definition *toolproxy.Tool, v effects.Verdict) pin.Print {
	return pin.Print{
		Description: digest([]byte(definition.Description)),
		Schema:      digest(canonical(definition.InputSchema)),
		Annotations: digest(canonical(definition.Annotations)),
		Effects:     strings.Join(v.Effects, " "),
	}
}

// canonical is JSON text in the form in which the same value has the same
// bytes (RFC 8785), or the text itself where it has none.
func canonical(raw json.RawMessage) []byte {
	value := jsontext.Value(raw).Clone()
	if err := value.Canonicalize(); err != nil {
		return raw
	}
	return value
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// pinned says how the definition of a tool stands to the one that was accepted.
// Only what a server lists is pinned, not what a caller says of a tool. A tool
// that is as accepted stays so until it shows another definition; one that is
// not is looked at again, since a person may have accepted it meanwhile.
func (f *Firewall) pinned(ctx context.Context, c *toolproxy.Call, tool *toolFacts) (pin.State, error) {
	if c.Surface != toolproxy.SurfaceMCP || c.Definition == nil || c.Implied != nil {
		return pin.State{}, nil
	}
	key := pinKey{c.Server, c.Definition.Name}
	if print, ok := f.facts.pins.Get(key); ok && print == tool.print {
		return pin.State{Pinned: true}, nil
	}
	ctx, cancel := f.recordContext(ctx)
	defer cancel()
	server, _ := f.Secrets.RedactText(c.Server)
	name, _ := f.Secrets.RedactText(c.Definition.Name)
	state, err := f.Pins.Check(ctx, server, name, tool.print)
	if err == nil && state.Pinned && len(state.Drift) == 0 {
		f.facts.pins.Add(key, tool.print)
	} else {
		f.facts.pins.Remove(key)
	}
	return state, err
}
