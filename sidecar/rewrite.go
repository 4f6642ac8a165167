package sidecar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"callgate/policy"
	"callgate/toolproxy"
)

// transform rewrites a call as policy says and judges the rewritten call. A
// rewritten call that would itself have to be rewritten, or that is refused,
// refuses the whole.
func (f *Firewall) transform(ctx context.Context, engine *policy.Engine, t *transit) error {
	var sent *toolproxy.Call
	err := guarded(toolproxy.CodeInternal, stageRewrite, func() (err error) {
		sent, err = t.meant.rewrite(t.call, t.input.Call.Arguments, edits(t.decision))
		return err
	})
	if err != nil {
		return err
	}
	input, second, err := f.consider(ctx, engine, t, sent)
	if err != nil {
		return err
	}
	if second.Verdict != policy.Allow {
		refusal := byPolicy(toolproxy.CodeDenied, second)
		refusal.Decision = policy.Deny.String()
		refusal.Rules = slices.Compact(slices.Sorted(slices.Values(slices.Concat(t.decision.Rules(), refusal.Rules))))
		refusal.Cause = fmt.Errorf("the rewritten call to %q got %s", sent.Tool, second.Verdict)
		return refusal
	}
	t.sent, t.rewritten = sent, input
	return nil
}

// edits gathers what the rules of a transform want changed.
func edits(d policy.Decision) []policy.Edit {
	var all []policy.Edit
	for _, o := range d.Opinions {
		if o.Verdict == policy.Transform {
			all = append(all, o.Edits...)
		}
	}
	return all
}

// rewrite applies edits to a copy of a call. Edits that disagree are an error,
// so that no rule silently wins over another. What is redacted takes the form
// that it has in marked, the arguments with marks in place of secrets.
func rewrite(c *toolproxy.Call, marked json.RawMessage, all []policy.Edit) (*toolproxy.Call, error) {
	if len(all) == 0 {
		return nil, errors.New("a transform without edits")
	}
	sent := *c
	arguments := argumentsOf(c)
	seen := map[string]policy.Edit{}
	for _, e := range all {
		place := e.Op + " " + e.Pointer
		if e.Op != "redirect" {
			place = "value " + e.Pointer
		}
		if other, twice := seen[place]; twice {
			if other.Op == e.Op && other.Tool == e.Tool && string(other.Value) == string(e.Value) {
				continue
			}
			return nil, fmt.Errorf("two rules disagree about %s", place)
		}
		seen[place] = e
		var err error
		if arguments, err = apply(&sent, arguments, marked, e); err != nil {
			return nil, err
		}
	}
	sent.Arguments = arguments
	return &sent, nil
}

func apply(sent *toolproxy.Call, arguments, marked json.RawMessage, e policy.Edit) (json.RawMessage, error) {
	if e.Op == "redirect" {
		return arguments, redirect(sent, e.Tool)
	}
	path, err := pathOf(e.Pointer)
	if err != nil {
		return nil, err
	}
	switch e.Op {
	case "set":
		if !gjson.ValidBytes(e.Value) {
			return nil, errors.New("set without a JSON value")
		}
		return sjson.SetRawBytes(arguments, path, e.Value)
	case "redact":
		value := gjson.GetBytes(marked, path)
		if !value.Exists() {
			return nil, fmt.Errorf("nothing to redact at %q", e.Pointer)
		}
		return sjson.SetRawBytes(arguments, path, []byte(value.Raw))
	case "remove":
		return sjson.DeleteBytes(arguments, path)
	}
	return nil, fmt.Errorf("unknown edit %q", e.Op)
}

// redirect sends the call to another tool of the same server, which has to be
// one that the server really has.
func redirect(sent *toolproxy.Call, to string) error {
	for _, tool := range sent.AtHand {
		if tool.Name == to && tool.Server == sent.Server {
			sent.Tool, sent.Definition = tool.Name, tool
			return nil
		}
	}
	return fmt.Errorf("redirect to %q, which the server does not have", to)
}

// pathOf turns a JSON pointer into a path of gjson and sjson, in which the
// pointer's members are plain names.
func pathOf(pointer string) (string, error) {
	if !strings.HasPrefix(pointer, "/") {
		return "", fmt.Errorf("%q is not a pointer to a member", pointer)
	}
	parts := strings.Split(pointer[1:], "/")
	for i, part := range parts {
		part = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
		if part == "" {
			return "", fmt.Errorf("%q has an empty member", pointer)
		}
		parts[i] = gjson.Escape(part)
		if part[0] == ':' {
			parts[i] = `\` + parts[i] // sjson would take the colon for a mark of its own
		}
	}
	return strings.Join(parts, "."), nil
}
