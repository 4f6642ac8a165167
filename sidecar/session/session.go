// Package session remembers what each conversation has done and seen, so that
// policy can judge a call by what came before it.
//
// It guarantees bounds in number, age and size, and that a label, once
// learned, is not lost while its session is in use: where there is no room the
// store says so with the label Untracked instead of forgetting. The counters of
// a session without labels may be lost under pressure.
//
// It keeps nothing on disk and does not decide who belongs to which session.
package session

import (
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"
	"time"
)

// Untracked is the label of a session of which something may be missing. It
// means that every other label may be due, and policy should read it so.
const Untracked = "untracked"

const (
	recentCalls = 16  // how many calls Recent keeps
	mostWords   = 64  // how many labels, and how many totals, a session holds
	longestKey  = 256 // longer keys are held as their hash
)

// View is what is known of a session. Its slices and map are shared and must
// not be changed.
type View struct {
	Calls  int              // calls that were begun before this one
	Labels []string         // sorted, without repeats
	Recent []string         // "server/tool" of the last calls that ended, newest last
	Totals map[string]int64 // calls that ended, by effect
}

// Learned is what one call that has ended adds to its session.
type Learned struct {
	Server, Tool string
	Effects      []string
	Labels       []string
}

// Store holds the sessions. It is safe for concurrent use.
type Store struct {
	limit int
	idle  time.Duration
	now   func() time.Time

	mu       sync.Mutex
	sessions map[string]*list.Element // of *entry, in plain or in labelled
	plain    *list.List               // sessions without labels, longest unused first
	labelled *list.List               // sessions with labels, longest unused first
	until    time.Time                // sessions made before this may have a past that is lost
}

type entry struct {
	key  string
	view View
	used time.Time
}

// New makes a store of at most limit sessions, each forgotten when it was not
// used for idle. Limit and idle must be positive.
func New(limit int, idle time.Duration, now func() time.Time) *Store {
	return &Store{
		limit: limit, idle: idle, now: now,
		sessions: map[string]*list.Element{}, plain: list.New(), labelled: list.New(),
	}
}

// Begin gives what is known of a session and counts one more call. It is for
// the moment at which a call is judged.
func (s *Store) Begin(key string) View {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.open(key)
	if e == nil {
		return lost()
	}
	seen := e.view
	e.view.Calls++
	return seen
}

// View gives what is known of a session and changes nothing.
func (s *Store) View(key string) View {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.expire(now)
	if at, ok := s.sessions[short(key)]; ok {
		return at.Value.(*entry).view
	}
	if s.full() || now.Before(s.until) {
		return lost()
	}
	return View{}
}

// Learn adds to a session what a call did, making the session where it is gone.
func (s *Store) Learn(key string, what Learned) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.open(key)
	if e == nil {
		return
	}
	// What a View shares is replaced, never changed.
	recent := append(slices.Clone(e.view.Recent), what.Server+"/"+what.Tool)
	e.view.Recent = recent[max(len(recent)-recentCalls, 0):]
	labels := e.view.Labels
	e.view.Totals, labels = count(e.view.Totals, what.Effects, labels)
	for _, label := range what.Labels {
		labels = with(labels, label)
	}
	s.label(e, labels)
}

// Len is how many sessions are held.
func (s *Store) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(s.now())
	return len(s.sessions)
}

func (s *Store) full() bool {
	return len(s.sessions) >= s.limit && s.plain.Len() == 0
}

// open gives the session of a key and marks it used. It is nil where there is
// no room for another.
func (s *Store) open(key string) *entry {
	key = short(key)
	now := s.now()
	s.expire(now)
	if at, ok := s.sessions[key]; ok {
		e := at.Value.(*entry)
		e.used = now
		s.home(e).MoveToBack(at)
		return e
	}
	if s.full() {
		s.until = now.Add(s.idle)
		return nil
	}
	if len(s.sessions) >= s.limit {
		s.drop(s.plain, s.plain.Front())
	}
	e := &entry{key: key, used: now}
	if now.Before(s.until) {
		e.view.Labels = []string{Untracked}
	}
	s.sessions[key] = s.home(e).PushBack(e)
	return e
}

// home is the list that a session belongs to.
func (s *Store) home(e *entry) *list.List {
	if len(e.view.Labels) > 0 {
		return s.labelled
	}
	return s.plain
}

// label gives a session its labels and moves it to the list it then belongs to.
func (s *Store) label(e *entry, labels []string) {
	before := s.home(e)
	e.view.Labels = labels
	if after := s.home(e); after != before {
		before.Remove(s.sessions[e.key])
		s.sessions[e.key] = after.PushBack(e)
	}
}

// expire drops the sessions that were not used for the idle time. Each is
// dropped once, so the cost is spread over the calls that made them.
func (s *Store) expire(now time.Time) {
	for _, l := range []*list.List{s.plain, s.labelled} {
		for at := l.Front(); at != nil && now.Sub(at.Value.(*entry).used) >= s.idle; at = l.Front() {
			s.drop(l, at)
		}
	}
}

func (s *Store) drop(l *list.List, at *list.Element) {
	delete(s.sessions, at.Value.(*entry).key)
	l.Remove(at)
}

// lost is the view of a session for which there is no room.
func lost() View { return View{Labels: []string{Untracked}} }

// with is a sorted set of labels with one more. A set that is full says so.
func with(labels []string, label string) []string {
	at, found := slices.BinarySearch(labels, label)
	switch {
	case found || label == "":
		return labels
	case len(labels) >= mostWords && label != Untracked:
		return with(labels, Untracked)
	}
	return slices.Insert(slices.Clone(labels), at, label)
}

// count adds one to the total of each effect. A total for which there is no
// room is said with a label.
func count(totals map[string]int64, effects, labels []string) (map[string]int64, []string) {
	if len(effects) == 0 {
		return totals, labels
	}
	next := make(map[string]int64, len(totals)+len(effects))
	for effect, n := range totals {
		next[effect] = n
	}
	for _, effect := range effects {
		if _, known := next[effect]; !known && len(next) >= mostWords {
			labels = with(labels, Untracked)
			continue
		}
		next[effect]++
	}
	return next, labels
}

// short bounds what a key takes.
func short(key string) string {
	if len(key) <= longestKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "sha256:" + hex.EncodeToString(sum[:])
}
