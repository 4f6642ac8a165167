package session

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// clock is a clock that a test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newClock() *clock { return &clock{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func TestBeginAndLearn(t *testing.T) {
	s := New(10, time.Hour, newClock().now)
	if v := s.Begin("a"); !reflect.DeepEqual(v, View{}) {
		t.Errorf("a new session holds %+v", v)
	}
	s.Learn("a", Learned{Server: "crm", Tool: "search", Effects: []string{"read"}, Labels: []string{"z", "b"}})
	first := s.Begin("a")
	want := View{Calls: 1, Labels: []string{"b", "z"}, Recent: []string{"crm/search"}, Totals: map[string]int64{"read": 1}}
	if !reflect.DeepEqual(first, want) {
		t.Errorf("got %+v, want %+v", first, want)
	}
	s.Learn("a", Learned{Server: "mail", Tool: "send", Effects: []string{"read", "send"}, Labels: []string{"c", "b", ""}})
	if !reflect.DeepEqual(first, want) {
		t.Errorf("a view changed after it was given: %+v", first)
	}
	want = View{Calls: 2, Labels: []string{"b", "c", "z"}, Recent: []string{"crm/search", "mail/send"}, Totals: map[string]int64{"read": 2, "send": 1}}
	for range 2 {
		if got := s.View("a"); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if v := s.View("b"); !reflect.DeepEqual(v, View{}) || s.Len() != 1 {
		t.Errorf("looking made a session: %+v, %d", v, s.Len())
	}
}

func TestRecentIsBounded(t *testing.T) {
	s := New(1, time.Hour, newClock().now)
	for i := range 40 {
		s.Learn("a", Learned{Server: "s", Tool: fmt.Sprint(i)})
	}
	got := s.View("a").Recent
	if len(got) != recentCalls || got[0] != "s/24" || got[recentCalls-1] != "s/39" {
		t.Errorf("got %v", got)
	}
}

func TestWordsAreBounded(t *testing.T) {
	s := New(2, time.Hour, newClock().now)
	for i := range mostWords + 10 {
		s.Learn("labels", Learned{Labels: []string{fmt.Sprintf("l%03d", i)}})
		s.Learn("totals", Learned{Effects: []string{fmt.Sprintf("e%03d", i)}})
	}
	labels, totals := s.View("labels"), s.View("totals")
	if len(labels.Labels) != mostWords+1 || !slices.Contains(labels.Labels, Untracked) || !slices.IsSorted(labels.Labels) {
		t.Errorf("labels: %v", labels.Labels)
	}
	if len(totals.Totals) != mostWords || !slices.Equal(totals.Labels, []string{Untracked}) {
		t.Errorf("totals: %d with labels %v", len(totals.Totals), totals.Labels)
	}
}

func TestIdleSessionsAreForgotten(t *testing.T) {
	c := newClock()
	s := New(10, time.Hour, c.now)
	s.Learn("tainted", Learned{Labels: []string{"suspect"}})
	s.Begin("plain")
	c.at = c.at.Add(59 * time.Minute)
	s.Begin("plain")
	if v := s.Begin("tainted"); !slices.Equal(v.Labels, []string{"suspect"}) {
		t.Errorf("a session in use lost its labels: %+v", v)
	}
	c.at = c.at.Add(time.Hour)
	if s.Len() != 0 {
		t.Errorf("%d sessions are left", s.Len())
	}
	if v := s.Begin("tainted"); !reflect.DeepEqual(v, View{}) {
		t.Errorf("a session of long ago holds %+v", v)
	}
}

func TestPlainSessionsMakeRoom(t *testing.T) {
	s := New(3, time.Hour, newClock().now)
	s.Learn("tainted", Learned{Labels: []string{"suspect"}})
	s.Begin("old")
	s.Begin("young")
	s.Begin("old") // now the younger of the two
	s.Begin("new")
	if s.Len() != 3 || s.View("old").Calls != 2 || s.View("young").Calls != 0 {
		t.Errorf("%d sessions, old %+v, young %+v", s.Len(), s.View("old"), s.View("young"))
	}
	if v := s.View("tainted"); !slices.Equal(v.Labels, []string{"suspect"}) {
		t.Errorf("a label made room: %+v", v)
	}
}

func TestFullStoreSaysSo(t *testing.T) {
	c := newClock()
	s := New(2, time.Hour, c.now)
	s.Learn("a", Learned{Labels: []string{"suspect"}})
	s.Learn("b", Learned{Labels: []string{"suspect"}})
	untracked := View{Labels: []string{Untracked}}
	if !s.full() || !reflect.DeepEqual(s.View("c"), untracked) || !reflect.DeepEqual(s.Begin("c"), untracked) {
		t.Errorf("full %v, c %+v", s.full(), s.View("c"))
	}
	s.Learn("c", Learned{Labels: []string{"suspect"}})
	if s.Len() != 2 {
		t.Errorf("%d sessions, the limit is 2", s.Len())
	}
	// There is room again, but what c did in between was not kept.
	c.at = c.at.Add(30 * time.Minute)
	s.Begin("a")
	c.at = c.at.Add(59 * time.Minute / 2)
	s.Begin("d")
	c.at = c.at.Add(time.Minute)
	s.Len() // forgets what is idle, as each use of the store does
	if s.full() {
		t.Fatal("still full after b was forgotten")
	}
	if v := s.Begin("c"); !reflect.DeepEqual(v, untracked) {
		t.Errorf("c came back as %+v", v)
	}
	// Long after the last overflow a session is new again.
	c.at = c.at.Add(2 * time.Hour)
	if v := s.Begin("c"); !reflect.DeepEqual(v, View{}) {
		t.Errorf("c of later holds %+v", v)
	}
}

func TestLongKeys(t *testing.T) {
	s := New(10, time.Hour, newClock().now)
	long := strings.Repeat("k", 1<<20)
	s.Begin(long + "a")
	s.Begin(long + "a")
	if s.View(long+"a").Calls != 2 || s.View(long+"b").Calls != 0 || s.Len() != 1 {
		t.Error("long keys are mixed up")
	}
	for key := range s.sessions {
		if len(key) > longestKey {
			t.Errorf("a key of %d bytes is held", len(key))
		}
	}
}

// TestNoLabelIsLost plays any sequence of calls against a memory without
// bounds: a session that was used within the idle time shows every label that
// it learned, or Untracked.
func TestNoLabelIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		s := New(rapid.IntRange(1, 4).Draw(t, "limit"), 10*time.Minute, c.now)
		learned, used := map[string][]string{}, map[string]time.Time{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			c.at = c.at.Add(time.Duration(rapid.IntRange(0, 6).Draw(t, "minutes")) * time.Minute)
			key := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g"}).Draw(t, "key")
			if c.at.Sub(used[key]) >= 10*time.Minute {
				delete(learned, key)
			}
			used[key] = c.at
			if rapid.Bool().Draw(t, "learn") {
				label := rapid.SampledFrom([]string{"x", "y", ""}).Draw(t, "label")
				s.Learn(key, Learned{Server: "s", Tool: "t", Labels: []string{label}})
				if label != "" {
					learned[key] = append(learned[key], label)
				}
			}
			got := s.Begin(key).Labels
			for _, label := range learned[key] {
				if !slices.Contains(got, label) && !slices.Contains(got, Untracked) {
					t.Fatalf("session %s learned %v and shows %v", key, learned[key], got)
				}
			}
			if s.Len() > s.limit {
				t.Fatalf("%d sessions, the limit is %d", s.Len(), s.limit)
			}
		}
	})
}

func TestConcurrentUse(t *testing.T) {
	s := New(8, time.Hour, time.Now)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 500 {
				key := fmt.Sprint("k", (w+i)%4)
				v := s.Begin(key)
				if !slices.IsSorted(v.Labels) || len(v.Recent) > recentCalls || v.Totals["read"] < 0 {
					t.Errorf("torn view %+v", v)
				}
				s.Learn(key, Learned{Server: "s", Tool: "t", Effects: []string{"read"}, Labels: []string{fmt.Sprint("l", i%5)}})
			}
		})
	}
	wg.Wait()
	calls, reads := 0, int64(0)
	for i := range 4 {
		v := s.View(fmt.Sprint("k", i))
		calls += v.Calls
		reads += v.Totals["read"]
	}
	if calls != 4000 || reads != 4000 {
		t.Errorf("%d calls and %d reads, want 4000 of each", calls, reads)
	}
}

func BenchmarkBeginLearn(b *testing.B) {
	s := New(10000, time.Hour, time.Now)
	keys := make([]string, 5000)
	for i := range keys {
		keys[i] = fmt.Sprintf("session-%d", i)
	}
	what := Learned{Server: "crm", Tool: "search", Effects: []string{"read"}, Labels: []string{"suspect_result"}}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		key := keys[n%len(keys)]
		n++
		s.Begin(key)
		s.Learn(key, what)
	}
	total := 0
	for _, key := range keys {
		total += s.View(key).Calls
	}
	if total != n {
		b.Fatalf("%d calls were counted, want %d", total, n)
	}
}
