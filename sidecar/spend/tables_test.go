package spend

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestTablesOnlyGrow(t *testing.T) {
	b, _ := newTestBook(t)
	p := payment("acme", "1")
	mustPay(t, b, p)
	if err := b.Release(context.Background(), p.Call); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		"UPDATE spend_payments SET amount = '0'", "DELETE FROM spend_payments",
		"UPDATE spend_releases SET amount = '0'", "DELETE FROM spend_releases",
		"INSERT INTO spend_releases (payment, time, caller, payee, currency, paid, amount) VALUES (77, 1, 'a', 'b', 'EUR', 1, '1')",
	} {
		if _, err := b.db.Exec(query); err == nil {
			t.Errorf("%s went through", query)
		}
	}
}

// TestPlans asks SQLite whether each question of Look and Reserve is answered
// by an index, in its order.
func TestPlans(t *testing.T) {
	b, _ := newTestBook(t)
	for query, index := range map[string]string{
		selectNewest:    "INDEX spend_newest (caller=?)",
		selectCall:      "sqlite_autoindex_spend_payments_1 (call=?)",
		selectPaid:      "INDEX spend_payee (caller=? AND payee=?)",
		selectCallerSum: "INDEX spend_caller (caller=? AND currency=? AND time<?)",
		selectPayeeSum:  "INDEX spend_payee (caller=? AND payee=? AND currency=? AND time<?)",
		selectReleased:  "INDEX spend_released (caller=? AND currency=? AND paid>?)",
	} {
		got := plan(t, b.db, query)
		if !strings.Contains(got, index) || strings.Contains(got, "SCAN spend") || strings.Contains(got, "TEMP B-TREE") {
			t.Errorf("%s\n%s", query, got)
		}
	}
}

func plan(t *testing.T, db *sql.DB, query string) (steps string) {
	t.Helper()
	args := make([]any, strings.Count(query, "?"))
	for i := range args {
		args[i] = "x"
	}
	rows, err := db.Query("EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps += step + "\n"
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

// TestFaults has a file that cannot be written, a lock that is not given up and
// a damaged table: nothing is reserved, and Look says nothing.
func TestFaults(t *testing.T) {
	ctx := context.Background()
	db, path := create(t)
	good := New(db, newClock().now)
	p := payment("acme", "1")
	seen := mustLook(t, good, p)
	refuses := func(name string, db *sql.DB) {
		t.Helper()
		b := New(db, newClock().now)
		if err := b.Reserve(ctx, p, seen); err == nil {
			t.Errorf("%s: reserved", name)
		}
		if err := b.Release(ctx, p.Call); err == nil {
			t.Errorf("%s: released", name)
		}
	}
	refuses("read-only", open(t, path, "&mode=ro"))
	lock, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	locked := open(t, path, "&_timeout=20")
	refuses("locked", locked)
	if got, err := New(locked, newClock().now).Look(ctx, p.Caller, p.Payee, p.Currency); err != nil || got.Version != 0 {
		t.Errorf("a look beside a writer: %+v, %v", got, err)
	}
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := good.Reserve(ctx, p, seen); err != nil {
		t.Errorf("after the faults: %v", err)
	}
	if _, err := db.Exec("DROP TRIGGER spend_payments_update; UPDATE spend_payments SET caller_sum = 'much'"); err != nil {
		t.Fatal(err)
	}
	if got, err := good.Look(ctx, p.Caller, p.Payee, p.Currency); err == nil {
		t.Errorf("a sum that is no number: %+v", got)
	}
	if err := good.Reserve(ctx, payment("acme", "1"), Seen{Version: 1, of: seen.of}); err == nil {
		t.Error("reserved on a sum that is no number")
	}
}

// BenchmarkLook looks at a caller with many payments, all of them in the month
// and half of them to the payee.
func BenchmarkLook(b *testing.B) {
	for _, history := range []int{0, 1_000, 100_000} {
		b.Run(fmt.Sprintf("history=%d", history), func(b *testing.B) {
			book, c := newTestBook(b)
			fill(b, book.db, history, c.now().Add(-29*24*time.Hour).UnixMicro())
			want := fmt.Sprintf("%d in %d, %d in %d", history, history, history/2, history/2)
			for b.Loop() {
				if got := line(mustLook(b, book, payment("acme", "1")).Windows[Month]); got != want {
					b.Fatalf("%s, want %s", got, want)
				}
			}
		})
	}
}

// BenchmarkPay looks and reserves, each payment durable.
func BenchmarkPay(b *testing.B) {
	book, c := newTestBook(b)
	fill(b, book.db, 100_000, c.now().Add(-29*24*time.Hour).UnixMicro())
	paid := 100_000
	for b.Loop() {
		mustPay(b, book, payment("acme", "1"))
		paid++
	}
	if got := mustLook(b, book, payment("acme", "1")).Windows[Month].Caller.Calls; got != paid {
		b.Fatalf("%d payments, want %d", got, paid)
	}
}

// fill stores payments of 1 EUR, as Reserve would, a second apart.
func fill(b *testing.B, db *sql.DB, rows int, from int64) {
	b.Helper()
	_, err := db.Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
		INSERT INTO spend_payments (call, time, caller, payee, currency, amount, caller_sum, caller_calls, payee_sum, payee_calls)
		SELECT 'old-' || i, ?2 + i * 1000000, 'sales-agent', iif(i % 2 = 0, 'acme', 'other'), 'EUR', '1', '' || i, i,
		'' || ((i + 1) / 2), (i + 1) / 2 FROM n WHERE ?1 > 0`, rows, from)
	if err != nil {
		b.Fatal(err)
	}
}
