// Command report reads what `go test -json` prints and says it shortly: a line
// for each package, the whole output of what failed, and the totals.
//
//	go test -json ./... | go run ./.ci/report [-totals FILE]
//
// It exits 1 if a test failed or was skipped, if a package did not build, or if
// no test ran at all; a run that tests nothing must not pass. With -totals it
// adds a line "PASSED FAILED" to a file.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// event is one line of `go test -json`.
type event struct {
	Action     string
	Package    string
	ImportPath string // of a build's output
	Test       string
	Elapsed    float64 // seconds
	Output     string
}

// tally is what was counted, and the output kept in case something fails.
type tally struct {
	out                     io.Writer
	passed, failed, skipped int
	broken                  bool // a package failed outside of any test
	kept                    map[string]*strings.Builder
}

func main() {
	totals := flag.String("totals", "", "add the totals to this `file`")
	flag.Parse()
	t := &tally{out: os.Stdout, kept: map[string]*strings.Builder{}}
	err := t.read(os.Stdin)
	if err == nil && *totals != "" {
		err = t.add(*totals)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
	fmt.Fprintf(t.out, "%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
	if !t.good() {
		os.Exit(1)
	}
}

func (t *tally) good() bool {
	return t.passed > 0 && t.failed == 0 && t.skipped == 0 && !t.broken
}

func (t *tally) read(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("not a test event: %q", lines.Bytes())
		}
		t.take(e)
	}
	return lines.Err()
}

func (t *tally) take(e event) {
	key := e.Package + e.ImportPath + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		if t.kept[key] == nil {
			t.kept[key] = new(strings.Builder)
		}
		t.kept[key].WriteString(e.Output)
	case "build-fail":
		t.broken = true
		fmt.Fprint(t.out, t.text(key))
	case "pass", "fail", "skip":
		t.end(e, key)
	}
}

// end counts the end of a test or of a package.
func (t *tally) end(e event, key string) {
	took := time.Duration(e.Elapsed * float64(time.Second)).Round(10 * time.Millisecond)
	switch {
	case e.Test == "" && e.Action == "pass":
		fmt.Fprintf(t.out, "ok    %s  %s\n", e.Package, took)
	case e.Test == "" && e.Action == "skip":
		fmt.Fprintf(t.out, "-     %s  no test files\n", e.Package)
	case e.Test == "":
		t.broken = true
		fmt.Fprintf(t.out, "FAIL  %s  %s\n%s", e.Package, took, t.text(key))
	case e.Action == "pass":
		t.passed++
	case e.Action == "skip":
		t.skipped++
		fmt.Fprintf(t.out, "SKIP  %s %s\n%s", e.Package, e.Test, t.text(key))
	default:
		t.failed++
		fmt.Fprintf(t.out, "FAIL  %s %s\n%s", e.Package, e.Test, t.text(key))
	}
	delete(t.kept, key)
}

func (t *tally) text(key string) string {
	if b := t.kept[key]; b != nil {
		return b.String()
	}
	return ""
}

func (t *tally) add(path string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(f, "%d %d\n", t.passed, t.failed+t.skipped); err != nil {
		return err
	}
	return f.Close()
}
