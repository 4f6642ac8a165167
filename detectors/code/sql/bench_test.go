package sql

import (
	"slices"
	"strings"
	"testing"
)

// BenchmarkRead reads statements of 2 KB, and one of 128 KB that must take 64
// times as long. "several ways" has a quoted name, which makes it be read in
// the way of each dialect.
//
//	go test -run '^$' -bench Read ./detectors/code/sql
func BenchmarkRead(b *testing.B) {
	branch := " UNION ALL SELECT o.id, lower(c.name) AS name, sum(o.total) FROM orders o JOIN customers c ON c.id = o.customer " +
		"WHERE o.day >= '2026-01-01' AND o.state IN ('open', 'paid') GROUP BY 1, 2"
	query := func(size int) string { return "SELECT 1, 'a', 2" + strings.Repeat(branch, size/len(branch)) }
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"query", query(2 << 10), []string{"read"}},
		{"several ways", query(2<<10) + " ORDER BY `id`", []string{"read"}},
		{"change", "WITH x AS (DELETE FROM t) " + query(2<<10), []string{"delete", "read"}},
		{"conditions in conditions", "SELECT 1" + strings.Repeat(" + (DELETE FROM t WHERE a = ", 100) + query(2<<10) + strings.Repeat(")", 100), []string{"delete", "read"}},
		{"128 KB", query(128 << 10), []string{"read"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				if r := Read(c.text); !slices.Equal(r.Effects, c.want) {
					b.Fatalf("read as %v", r)
				}
			}
		})
	}
}
