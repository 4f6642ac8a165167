package approval

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestList(t *testing.T) {
	ctx := context.Background()
	d, c := newTestDesk(t)
	expired := mustAsk(t, d, payment(1))
	c.advance(expire)
	denied, approved, used := mustAsk(t, d, payment(2)), mustAsk(t, d, payment(3)), mustAsk(t, d, payment(4))
	mustAnswer(t, d, denied.ID, no())
	mustAnswer(t, d, approved.ID, yes())
	mustAnswer(t, d, used.ID, yes())
	taken(t, d, payment(4), Approved)
	first, second := mustAsk(t, d, payment(5)), mustAsk(t, d, payment(6))
	cases := []struct {
		filter Filter
		want   []string
	}{
		{Filter{}, []string{second.ID + " pending", first.ID + " pending"}},
		{Filter{Limit: 1}, []string{second.ID + " pending"}},
		{Filter{All: true}, []string{
			second.ID + " pending", first.ID + " pending", used.ID + " used", approved.ID + " approved", denied.ID + " denied", expired.ID + " expired",
		}},
		{Filter{All: true, Limit: 3}, []string{second.ID + " pending", first.ID + " pending", used.ID + " used"}},
	}
	for _, c := range cases {
		found, err := d.List(ctx, c.filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, q := range found {
			got = append(got, q.ID+" "+string(q.State))
			if q.Input != nil || len(q.Rules) != 1 {
				t.Errorf("%+v", q)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: got %v, want %v", c.filter, got, c.want)
		}
	}
}

func TestTablesOnlyGrow(t *testing.T) {
	d, _ := newTestDesk(t)
	used, open := mustAsk(t, d, payment(1)), mustAsk(t, d, payment(2))
	mustAnswer(t, d, used.ID, yes())
	taken(t, d, payment(1), Approved)
	for _, query := range []string{
		"UPDATE approval_questions SET expires = expires + 1", "DELETE FROM approval_questions",
		"UPDATE approval_answers SET approved = 0", "DELETE FROM approval_answers",
		"UPDATE approval_uses SET time = 0", "DELETE FROM approval_uses",
		"INSERT INTO approval_uses (question, time) VALUES (1, 5)",
		"INSERT INTO approval_uses (question, time) VALUES (2, 5)", // not approved
		"INSERT INTO approval_uses (question, time) VALUES (77, 5)",
		"INSERT INTO approval_answers (question, time, approved, who, why, via) VALUES (77, 5, 1, 'a', 'b', 'cli')",
		"INSERT INTO approval_answers (question, time, approved, who, why, via) VALUES (2, 5, 2, 'a', 'b', 'cli')",
	} {
		if _, err := d.db.Exec(query); err == nil {
			t.Errorf("%s went through", query)
		}
	}
	if got, err := d.Find(context.Background(), open.ID); err != nil || got.State != Pending {
		t.Errorf("%q, %v", got.State, err)
	}
}

// TestPlans asks SQLite whether the questions of a call are found by index, so
// that history does not slow a call down.
func TestPlans(t *testing.T) {
	d, _ := newTestDesk(t)
	for query, index := range map[string]string{
		selectWhole + whereInForce:         "approval_binding",
		countWaiting:                       "approval_waiting",
		selectWhole + " WHERE q.id = ?":    "sqlite_autoindex_approval_questions_1",
		selectBrief + " WHERE q.expires>?": "approval_expires",
	} {
		args := make([]any, strings.Count(query, "?"))
		for i := range args {
			args[i] = "x"
		}
		rows, err := d.db.Query("EXPLAIN QUERY PLAN "+query, args...)
		if err != nil {
			t.Fatal(err)
		}
		plan := ""
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				t.Fatal(err)
			}
			plan += step + "\n"
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, index) || strings.Contains(plan, "SCAN") {
			t.Errorf("%s\n%s", query, plan)
		}
	}
}

// TestFaults has a file that cannot be written, a lock that is not given up, and
// a file that is damaged: nothing may run, and nothing is half done.
func TestFaults(t *testing.T) {
	ctx := context.Background()
	db, path := create(t)
	c := newClock()
	good := New(db, Options{Expire: expire, Now: c.now})
	waiting, approved := mustAsk(t, good, payment(1)), mustAsk(t, good, payment(2))
	mustAnswer(t, good, approved.ID, yes())
	refuses := func(name string, db *sql.DB) {
		t.Helper()
		d := New(db, Options{Expire: expire, Now: c.now})
		if _, state, err := d.Take(ctx, payment(2)); err == nil || state != None {
			t.Errorf("%s: take %q, %v", name, state, err)
		}
		if q, err := d.Ask(ctx, payment(3), about()); err == nil || q.ID != "" {
			t.Errorf("%s: ask %+v, %v", name, q, err)
		}
		if _, err := d.Answer(ctx, waiting.ID, yes()); err == nil {
			t.Errorf("%s: answered", name)
		}
	}
	refuses("read-only", open(t, path, "&mode=ro"))
	lock, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	refuses("locked", open(t, path, "&_timeout=20"))
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, state, err := good.Take(ended, payment(2)); err == nil || state != None {
		t.Errorf("ended context: %q, %v", state, err)
	}
	taken(t, good, payment(1), Pending)
	taken(t, good, payment(2), Approved)
	if _, err := db.Exec("DROP TABLE approval_uses"); err != nil {
		t.Fatal(err)
	}
	refuses("without a table", db)
}

// BenchmarkTake looks for an approval among many old questions.
func BenchmarkTake(b *testing.B) {
	for _, history := range []int{0, 100_000} {
		b.Run(fmt.Sprintf("history=%d", history), func(b *testing.B) {
			db, _ := create(b)
			c := newClock()
			d := New(db, Options{Now: c.now})
			if _, err := db.Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
				INSERT INTO approval_questions (id, asked, expires, caller, session, server, tool, digest, revision)
				SELECT 'old-' || i, 1, 2, 'sales-agent', 's-1', 'bank', 'create_payment', ?, '0f3c9a' FROM n`, history+1, payment(1).Digest); err != nil {
				b.Fatal(err)
			}
			asked := mustAsk(b, d, payment(1))
			for b.Loop() {
				if q, state, err := d.Take(b.Context(), payment(1)); err != nil || state != Pending || q.ID != asked.ID {
					b.Fatalf("%s %q, %v", q.ID, state, err)
				}
			}
		})
	}
}
