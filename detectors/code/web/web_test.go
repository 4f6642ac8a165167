package web

import (
	"slices"
	"strings"
	"testing"

	"callgate/detectors/code"
)

func said(r code.Reading) string {
	return strings.Join(slices.Concat(r.Effects, r.Traits), " ")
}

func TestMethod(t *testing.T) {
	for method, want := range map[string]string{
		"GET": "read network", "get": "read network", " Head\t": "read network", "OPTIONS": "read network", "TRACE": "read network",
		"POST": "write network", "put": "write network", "PATCH": "write network", "DELETE": "delete network", "CONNECT": "execute network",
		"": "write network opaque", "PROPFIND": "write network opaque", "G ET": "write network opaque", "GET\n": "write network opaque",
		"GET, DELETE": "write network opaque", "\u0262ET": "write network opaque", "PO\u017fT": "write network opaque",
	} {
		if got := said(Method(method)); got != want {
			t.Errorf("%q is %q, want %q", method, got, want)
		}
	}
	if e := Method("secret").Evidence; e != "http: unknown method" {
		t.Errorf("told %q", e)
	}
}

func TestGraphQL(t *testing.T) {
	two := "query A { a } mutation B { deleteB }"
	for _, c := range []struct{ document, operation, want string }{
		{"{ user { name } }", "", "read network"},
		{"query { user(id: 1) { name } }", "", "read network"},
		{"query A($id: ID!) { user(id: $id) { ...F } } fragment F on User { name }", "A", "read network"},
		{"subscription { added { id } }", "", "read network"},
		{"# mutation { deleteAll }\n{ a }", "", "read network"},
		{`{ a(text: "mutation { deleteAll }") }`, "", "read network"},
		{"mutation { addUser(name: \"x\") { id } }", "", "write network"},
		{"mutation M { updateUser(id: 1) { deletedAt } }", "M", "write network"},
		{"mutation { deleteUser(id: 1) { id } }", "", "delete write network"},
		{"mutation { harmless: removeUser(id: 1) { id } }", "", "delete write network"},
		{"mutation { user_delete(id: 1) { id } }", "", "delete write network"},
		{"mutation { delete_user(id: 1) { id } }", "", "delete write network"},
		{"mutation { DELETE_USER(id: 1) { id } }", "", "delete write network"},
		{"mutation { bulkDelete(id: 1) { id } }", "", "delete write network"},
		{"mutation { undeleteUser(id: 1) { id } }", "", "write network"},
		{"mutation { deletedUsers { id } }", "", "write network"},
		{"mutation { ... on Mutation { deleteUser } }", "", "delete write network"},
		{"mutation { ...F } fragment F on Mutation { a ...G } fragment G on Mutation { ...F deleteUser }", "", "delete write network"},
		{"mutation { ...Absent }", "", "write network opaque"},
		{two, "", "delete read write network"},
		{two, "A", "read network"},
		{two, "B", "delete write network"},
		{two, "C", "write network opaque"},
		{"", "", "write network opaque"},
		{"{", "", "write network opaque"},
		{"{ a } }", "", "write network opaque"},
		{"fragment F on User { name }", "", "write network opaque"},
		{"type Query { a: Int }", "", "write network opaque"},
		{"not a document", "", "write network opaque"},
		{"{ a \xff }", "", "write network opaque"},
	} {
		if got := said(GraphQL(c.document, c.operation)); got != c.want {
			t.Errorf("%q of %q is %q, want %q", c.operation, c.document, got, c.want)
		}
	}
}

func TestLimits(t *testing.T) {
	long := func(n int) string { return "{ a }" + strings.Repeat(" ", n-len("{ a }")) }
	tokens := func(n int) string { return "{" + strings.Repeat(" a", n-2) + "}" }
	fields := func(n int) string { return "mutation {" + strings.Repeat(" a", n) + "}" }
	deep := func(n int) string { return strings.Repeat("{a", n) + strings.Repeat("}", n) }
	for _, c := range []struct{ name, at, beyond string }{
		{"length", long(maxDocument), long(maxDocument + 1)},
		{"tokens", tokens(maxTokens), tokens(maxTokens + 1)},
		{"fields", fields(maxFields), fields(maxFields + 1)},
		{"depth", deep(500), deep(5000)},
	} {
		if got := GraphQL(c.at, ""); slices.Contains(got.Traits, code.Opaque) {
			t.Errorf("%s: at the limit %v", c.name, got)
		}
		if got := GraphQL(c.beyond, ""); !slices.Contains(got.Traits, code.Opaque) {
			t.Errorf("%s: beyond the limit %v", c.name, got)
		}
	}
}

func FuzzGraphQL(f *testing.F) {
	for _, seed := range []string{"{ a }", "mutation { deleteA }", "query A { a } mutation B { b }", "subscription { a }", "mutation { ...F } fragment F on M { ...F }",
		"query A($a: [Int!]! = [1] @d) @x { a(b: {c: $a}) @skip(if: true) { ...on T { d } } }", "{", "\"\"\"", "fragment F on T { a }"} {
		f.Add(seed, "")
	}
	f.Fuzz(func(t *testing.T, document, operation string) {
		r := GraphQL(document, operation)
		if len(r.Effects) == 0 || !slices.IsSorted(r.Effects) || !slices.IsSorted(r.Traits) || !slices.Contains(r.Traits, code.Network) {
			t.Errorf("%q: %v", document, r)
		}
		if said(r) != said(GraphQL(document, operation)) {
			t.Errorf("%q is read in two ways", document)
		}
		if slices.Contains(r.Effects, "write") {
			return
		}
		// What is only read has no mutation that could run.
		if all := GraphQL(document, ""); operation == "" && slices.Contains(all.Effects, "delete") {
			t.Errorf("%q deletes without writing", document)
		}
		if more := GraphQL(document+"\nmutation { deleteA }", ""); !slices.Contains(more.Effects, "write") {
			t.Errorf("%q hides a mutation", document)
		}
	})
}

func BenchmarkGraphQL(b *testing.B) {
	document := "query List($id: ID!) { project(id: $id) { " + strings.Repeat("item { id name owner { login } } ", 60) + "} }"
	b.SetBytes(int64(len(document)))
	b.ReportAllocs()
	for b.Loop() {
		if got := said(GraphQL(document, "")); got != "read network" {
			b.Fatal(got)
		}
	}
}
