package sidecar

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"callgate/detectors"
	"callgate/detectors/effects"
	"callgate/detectors/secrets"
	"callgate/policy"
	"callgate/sidecar/approval"
	"callgate/sidecar/audit"
	"callgate/sidecar/config"
	"callgate/sidecar/session"
	"callgate/toolproxy"
)

// leastCalls is how many calls the corpus has to hold.
const leastCalls = 300

// TestCorpus makes every call of testdata/corpus under every profile.
func TestCorpus(t *testing.T) {
	calls := 0
	for _, w := range readWorlds(t) {
		calls += len(w.Calls)
		t.Run(w.name, func(t *testing.T) {
			for _, profile := range []string{"balanced", "strict", "observe"} {
				t.Run(profile, func(t *testing.T) { w.play(t, profile) })
			}
		})
	}
	if calls < leastCalls {
		t.Errorf("the corpus holds %d calls, want %d", calls, leastCalls)
	}
}

// fewCalls is how many calls share a record at most: a caller may have only so
// many questions waiting.
const fewCalls = 40

// play makes the calls of a world, each in a conversation of its own. Those
// that something went before have a record of their own.
func (w *world) play(t *testing.T, profile string) {
	e := engine(t, setup{profile: profile, settings: w.Settings})
	var shared *stage
	for i, c := range w.Calls {
		if shared == nil || i%fewCalls == 0 {
			shared = newStage(t, w, e)
		}
		t.Run(fmt.Sprintf("%03d", i+1), func(t *testing.T) {
			s := shared
			if c.After != nil || c.Was != nil {
				s = newStage(t, w, e)
			}
			s.session = fmt.Sprintf("call %d", i+1)
			s.before(t, c, profile)
			record, up := s.do(t, c)
			if slices.Contains(record.Effects, effects.Pay) && len(up.got) > 0 {
				shared = nil // what was paid would count
			}
			want := map[string]string{"balanced": c.Balanced, "observe": c.Balanced, "strict": c.Strict}[profile]
			if got := told(record); got != want {
				t.Errorf("%s\n%s(%s) by %s: %s, want %s\nreasons: %v\neffects: %v %v by %s\ncause: %s\nfindings: %s\ninput: %s",
					c.What, c.Call, c.arguments(), c.Who, got, want,
					record.Reasons, record.Effects, record.Domains, record.EffectSource, record.Cause, record.Findings, record.Input)
			}
			w.checkSent(t, profile, c, record, up)
		})
	}
}

// checkSent holds what was forwarded to what was decided.
func (w *world) checkSent(t *testing.T, profile string, c worldCall, record audit.Record, up *upstream) {
	t.Helper()
	observed := profile == "observe" && (record.Code == "" || record.Code == string(toolproxy.CodeDenied) || record.Code == string(toolproxy.CodeAsk))
	free := observed || record.Decision == "allow" || record.Decision == "transform"
	if (len(up.got) == 1) != free || len(up.got) > 1 {
		t.Errorf("%s: %s, and forwarded %d times", c.What, told(record), len(up.got))
		return
	}
	if !free {
		return
	}
	tool, changed := c.Call, record.Decision == "transform" && !observed
	if changed {
		tool = c.Becomes
	}
	if up.got[0].Tool != tool || tool == c.Call && bytes.Equal(up.got[0].Arguments, c.arguments()) == changed {
		t.Errorf("%s: forwarded %s(%s)", c.What, up.got[0].Tool, up.got[0].Arguments)
	}
}

// stage is a firewall for one conversation of a world, with a clock that stands.
type stage struct {
	*Firewall
	world   *world
	path    string
	session string
	now     time.Time
}

// workday is when calls are made that do not say when: a Monday morning.
var workday = time.Date(2026, time.January, 5, 10, 0, 0, 0, time.UTC)

// readers are the parts that have no state.
var readers = sync.OnceValues(func() (*readersOnce, error) {
	judge, err := newEffects(nil)
	if err != nil {
		return nil, err
	}
	marker, scanner, err := newDetectors(bytes.Repeat([]byte{7}, keySize))
	return &readersOnce{judge, marker, scanner}, err
})

type readersOnce struct {
	judge   *effects.Judge
	marker  *secrets.Detector
	scanner *detectors.Scanner
}

func newStage(t testing.TB, w *world, e *policy.Engine) *stage {
	t.Helper()
	s := &stage{world: w, path: filepath.Join(t.TempDir(), "callgate.db"), session: "corpus", now: workday}
	store, err := audit.Open(t.Context(), audit.Options{Path: s.path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		s.hunt(t)
	})
	shared, err := readers()
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return s.now }
	parts := Parts{
		Policy: e, Record: store, Sessions: session.New(100, time.Hour, now), Effects: shared.judge, Override: w.override,
		Scanner: shared.scanner, Secrets: shared.marker, Now: now, WriteTimeout: 10 * time.Second,
	}
	if err := parts.keep(t.Context(), config.Approvals{}); err != nil {
		t.Fatal(err)
	}
	s.Firewall = New(parts)
	return s
}

// hunt fails the test when a secret of the corpus stands anywhere in the record.
func (s *stage) hunt(t testing.TB) {
	files, err := filepath.Glob(s.path + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no record to look through: %v", err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for placeholder, secret := range plantedSecrets {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s holds what stands for %s", filepath.Base(name), placeholder)
			}
		}
	}
}

// before does what the conversation did before the call.
func (s *stage) before(t *testing.T, c worldCall, profile string) {
	t.Helper()
	if c.Was != nil {
		tool, err := c.Was.define(s.world.Server, c.Call)
		if err != nil {
			t.Fatal(err)
		}
		v := s.Effects.Of(effects.WordsOf(tool.Server, tool.Name, tool.Description, tool.InputSchema, tool.Annotations), s.world.override("", c.Call))
		if _, err := s.Pins.Check(t.Context(), tool.Server, tool.Name, printOf(tool, v)); err != nil {
			t.Fatal(err)
		}
	}
	for _, before := range c.After {
		if before.Refused && profile == "observe" {
			continue // it would have been made
		}
		s.now = momentOf(before.At)
		made := s.world.made(c.Who, before.Call, argumentsFrom(before.With))
		record, up := s.make(t, made)
		if before.Approved && record.Approval != "" {
			if _, err := s.Approvals.Answer(t.Context(), record.Approval, approval.Answer{Approved: true, By: "the corpus", Why: "for the next call", Via: "test"}); err != nil {
				t.Fatal(err)
			}
			record, up = s.make(t, s.world.made(c.Who, before.Call, argumentsFrom(before.With)))
		}
		if (profile == "balanced" || profile == "observe") && (len(up.got) == 1) == before.Refused {
			t.Fatalf("%s: before it %s(%v) came to %s, %v", c.What, before.Call, before.With, told(record), record.Reasons)
		}
	}
}

// do makes the call itself.
func (s *stage) do(t *testing.T, c worldCall) (audit.Record, *upstream) {
	t.Helper()
	s.now = momentOf(c.At)
	return s.make(t, s.world.made(c.Who, c.Call, c.arguments()))
}

func momentOf(at time.Time) time.Time {
	if at.IsZero() {
		return workday
	}
	return at
}

// make sends one call through the firewall and gives what is recorded of it.
func (s *stage) make(t testing.TB, c *toolproxy.Call) (audit.Record, *upstream) {
	t.Helper()
	c.Session = s.session
	up := &upstream{answer: "done"}
	_, _ = s.Guard(up).ServeCall(t.Context(), c) // the record tells what became of it
	record, err := s.Record.Record(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	return record, up
}

// told is a recorded decision in the words of the corpus.
func told(r audit.Record) string {
	switch {
	case r.Decision == "allow":
		return "allow"
	case r.Code != "" && r.Code != string(toolproxy.CodeDenied) && r.Code != string(toolproxy.CodeAsk):
		return r.Decision + " with " + r.Code
	}
	return r.Decision + " by " + strings.Join(r.Rules, ", ")
}

// TestCorpusForm gives the reader of the corpus files with a mistake in each.
func TestCorpusForm(t *testing.T) {
	const good = `{"about":"x","server":"s","callers":{"a":["*:read"]},"tools":{"t":{"takes":{"n":"number?"}}},` +
		`"calls":[{"what":"w","who":"a","call":"t","balanced":"allow","strict":"allow"}]}`
	if w, err := parseWorld([]byte(good)); err != nil || len(w.atHand) != 1 {
		t.Fatalf("%v, %v", w, err)
	}
	for from, to := range map[string]string{
		`"about":"x"`:        `"abuot":"x"`,
		`"server":"s",`:      ``,
		`"number?"`:          `"numbre"`,
		`"who":"a"`:          `"who":"b"`,
		`"call":"t"`:         `"call":"u"`,
		`"strict":"allow"`:   `"strict":""`,
		`"what":"w"`:         `"whta":"w"`,
		`"tools"`:            `"toolz"`,
		`"calls":[`:          `"calls":[{"what":"w","who":"a","call":"t","balanced":"allow","strict":"allow"},`,
		`"balanced":"allow"`: `"balanced":"transform by x"`,
	} {
		if bad := strings.Replace(good, from, to, 1); bad == good {
			t.Errorf("nothing is %s", from)
		} else if _, err := parseWorld([]byte(bad)); err == nil {
			t.Errorf("%s in place of %s is taken", to, from)
		}
	}
	if _, err := parseWorld([]byte(strings.Replace(good, `"calls":[{`, `"calls":[],"x":[{`, 1))); err == nil {
		t.Error("no calls are taken")
	}
	if !json.Valid(argumentsFrom(map[string]any{"k": "{private_key}"})) {
		t.Error("a planted key breaks the arguments")
	}
}
