package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"callgate/sidecar"
	"callgate/toolproxy"
)

func newDecide(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "decide",
		Short: "Judge calls from standard input without making them",
		Long: "Decide reads one call as a JSON object from each line and prints one decision for each.\n" +
			"A call is {\"server\",\"tool\",\"arguments\",\"definition\"?,\"caller\"?,\"session\"?}; its caller has to be\n" +
			"configured, and without one it is the local caller. Each decision is recorded.\n\n" +
			"Exit codes: 0 every line was judged, whatever the decisions; 1 it could not be recorded;\n" +
			"2 a line could not be read.",
		Example: `  echo '{"server":"bank","tool":"transfer_money","arguments":{}}' | callgate decide`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.decide(cmd.Context())
		},
	}
}

func (a *app) decide(ctx context.Context) (err error) {
	c, err := a.load()
	if err != nil {
		return err
	}
	s, err := sidecar.Open(ctx, c, slog.New(slog.NewTextHandler(a.err, nil)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	lines := bufio.NewReader(a.in)
	var bad error
	for n := 1; ; n++ {
		line, end := nextLine(lines, int(c.Limits.MaxRequest))
		if len(bytes.TrimSpace(line)) > 0 {
			if err := a.decideLine(ctx, s, bytes.TrimSpace(line), n, &bad); err != nil {
				return err
			}
		}
		if errors.Is(end, io.EOF) {
			return bad
		}
		if end != nil {
			return end
		}
	}
}

// nextLine reads one line and keeps at most one byte more of it than it may
// have, by which the gate sees that it is too long.
func nextLine(from *bufio.Reader, most int) ([]byte, error) {
	var line []byte
	for {
		part, err := from.ReadSlice('\n')
		line = append(line, part[:min(len(part), most+1-len(line))]...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// decideLine answers one line. A line that cannot be read is told and
// remembered, and the next one is read.
func (a *app) decideLine(ctx context.Context, s *sidecar.Sidecar, line []byte, n int, bad *error) error {
	answer, err := s.Ask(ctx, line)
	refusal, refused := toolproxy.AsRefusal(err)
	if refused && refusal.Code != toolproxy.CodeRecordUnavailable {
		*bad = usageError{errors.New("not every line could be judged")}
		fmt.Fprintf(a.err, "callgate: line %d: %s: %v: %v\n", n, refusal.Code, refusal, refusal.Cause)
		return nil
	}
	if err != nil {
		return fmt.Errorf("line %d: %w: %w", n, err, errors.Unwrap(err))
	}
	return json.NewEncoder(a.out).Encode(answer)
}
