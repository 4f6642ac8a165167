// Package sqlfuzz holds the SQL reader of Callgate against the parser of
// PostgreSQL itself. It is a module of its own, so that the parser is needed
// by its tests only.
//
// The parser knows statements, not functions: it cannot tell a call that
// changes something from one that does not. What it can tell is certain.
package sqlfuzz

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/wasilibs/go-pgquery/parser"
)

// Changes parses text as PostgreSQL does and names the nodes of its tree that
// make it more than a read, in no order. The error is of the parser.
func Changes(text string) ([]string, error) {
	tree, err := parser.ParseToJSON(text)
	if err != nil {
		return nil, err
	}
	var root struct {
		Stmts []struct {
			Stmt map[string]any `json:"stmt"`
		} `json:"stmts"`
	}
	if err := json.Unmarshal([]byte(tree), &root); err != nil {
		return nil, fmt.Errorf("tree: %w", err)
	}
	var found []string
	for _, s := range root.Stmts {
		found = append(found, walk(s.Stmt)...)
	}
	return found, nil
}

// reading are the statements that change nothing by themselves. EXPLAIN is
// looked at by plan, COPY by export.
var reading = map[string]bool{"SelectStmt": true, "VariableShowStmt": true, "ExplainStmt": true, "CopyStmt": true}

func walk(value any) []string {
	var found []string
	switch v := value.(type) {
	case []any:
		for _, one := range v {
			found = append(found, walk(one)...)
		}
	case map[string]any:
		for key, one := range v {
			if changing(key, one) {
				found = append(found, key)
			}
			if key != "ExplainStmt" || runs(one) {
				found = append(found, walk(one)...)
			}
		}
	}
	return found
}

func changing(key string, node any) bool {
	switch {
	case key == "intoClause", key == "lockingClause", key == "LockingClause":
		return true
	case key == "CopyStmt":
		return !export(node)
	}
	return strings.HasSuffix(key, "Stmt") && !reading[key]
}

// runs reports an EXPLAIN that runs its statement.
func runs(node any) bool {
	options, err := json.Marshal(node.(map[string]any)["options"])
	return err != nil || strings.Contains(string(options), `"defname":"analyze"`)
}

// export reports a COPY whose rows go to the client.
func export(node any) bool {
	fields := node.(map[string]any)
	return fields["is_from"] != true && fields["is_program"] != true && fields["filename"] == nil
}
