package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxBytes is the largest configuration file.
const MaxBytes = 1 << 20

// A Check looks for what this package cannot know, such as whether a reference
// to a secret is well formed. It reports into the same list of faults and must
// have no side effect. The Config it is given may have faults of its own.
type Check func(c *Config, report Report)

// Report adds a fault at a key, written as in "servers.crm.headers.X-Team" or
// "callers[0].scopes[1]". A key that is not in the file is placed at the
// nearest one above it that is.
type Report func(at string, code Code, message, hint string)

// Load reads a file. The empty path gives the defaults. Its error is of type
// Faults and tells everything that is wrong.
func Load(path string, checks ...Check) (*Config, error) {
	if path == "" {
		return Default(), nil
	}
	data, err := read(path)
	if err != nil {
		return nil, Faults{{File: path, Code: CodeUnreadable, Message: "cannot read the configuration: " + cause(err)}}
	}
	return Parse(path, data, checks...)
}

// read reads a little more than MaxBytes at most.
func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxBytes+1))
}

// cause is an error of the file system without the path, which the reader of
// the message knows.
func cause(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}

// Parse reads the text of a file. The name is used in faults, and its folder is
// what relative paths are relative to. Its error is of type Faults.
func Parse(name string, data []byte, checks ...Check) (*Config, error) {
	if len(data) > MaxBytes {
		return nil, Faults{{File: name, Code: CodeTooLarge, Message: fmt.Sprintf("the file is larger than %d bytes", MaxBytes)}}
	}
	d := &decoder{file: name, dir: folder(name), places: map[string]*yaml.Node{}}
	c := &Config{File: name}
	fill(c.keys())
	if root := d.document(data); root != nil {
		d.plain(root)
		d.mapping(root, "", c.keys())
	}
	d.check(c)
	for _, check := range checks {
		check(c, d.report)
	}
	if err := d.faults.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// folder is the absolute folder of a file.
func folder(name string) string {
	abs, err := filepath.Abs(name)
	if err != nil {
		return filepath.Dir(name)
	}
	return filepath.Dir(abs)
}

// document gives the one value of the file, or nil where there is none.
func (d *decoder) document(data []byte) *yaml.Node {
	decode := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	if err := decode.Decode(&first); err != nil {
		if !errors.Is(err, io.EOF) {
			d.syntax(data, err)
		}
		return nil
	}
	switch err := decode.Decode(&second); {
	case err == nil:
		d.fault(&second, CodeSyntax, "keep everything in one document, without a line of ---", "a second document begins here")
	case !errors.Is(err, io.EOF):
		d.syntax(data, err)
	}
	return first.Content[0]
}

// syntax reports what the YAML reader did not accept. The reader's own line is
// left out of some errors and is where a whole block begins in others.
func (d *decoder) syntax(data []byte, err error) {
	what := readerLine.ReplaceAllString(err.Error(), "")
	d.faults = append(d.faults, Fault{
		File: d.file, Line: brokenLine(data), Code: CodeSyntax, Message: "not valid YAML: " + clip(what), Hint: syntaxHint(what),
	})
}

var readerLine = regexp.MustCompile(`^yaml: (line \d+: )?`)

func syntaxHint(what string) string {
	switch {
	case strings.Contains(what, "cannot start any token"):
		return "indent with spaces, not with tabs, and quote text that begins with a sign such as @ or %"
	case strings.Contains(what, "anchor"):
		return "anchors and aliases are not supported: write the value out, and quote text that begins with *"
	case strings.Contains(what, "mapping values are not allowed"):
		return "quote text that holds a colon followed by a space"
	}
	return ""
}

// brokenLine is the line on which what cannot be read begins: the first one
// after the longest head of the text that can be read. A head may end inside a
// list or a text of several lines, so a few more lines are tried after each
// end that the search finds; a longer one may be named by its first lines.
func brokenLine(data []byte) int {
	const tries = 32
	lines := bytes.SplitAfter(data, []byte("\n"))
	good := 0
	for next := 0; next >= 0; {
		good = lastGood(lines, next)
		next = -1
		for n := good + 2; n < min(good+tries, len(lines)) && next < 0; n++ {
			if readable(lines[:n]) {
				next = n
			}
		}
	}
	for good < len(lines)-1 && empty(lines[good]) {
		good++
	}
	return good + 1
}

// lastGood halves its way to a head that can be read while one line more
// cannot; the first good lines are known to be readable, all are known not to.
func lastGood(lines [][]byte, good int) int {
	bad := len(lines)
	for good < bad-1 {
		if middle := (good + bad) / 2; readable(lines[:middle]) {
			good = middle
		} else {
			bad = middle
		}
	}
	return good
}

func readable(lines [][]byte) bool {
	var n yaml.Node
	return yaml.Unmarshal(bytes.Join(lines, nil), &n) == nil
}

func empty(line []byte) bool {
	line = bytes.TrimSpace(line)
	return len(line) == 0 || line[0] == '#'
}
