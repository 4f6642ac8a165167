package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the reports into testdata/faults")

// TestFaultReports compares the whole report of each file in testdata/faults.
func TestFaultReports(t *testing.T) {
	files, err := filepath.Glob("testdata/faults/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 16 {
		t.Fatalf("found %d reports, want 16", len(files))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { faultReport(t, file) })
	}
}

func faultReport(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.Files) != 2 || archive.Files[0].Name != "callgate.yaml" || archive.Files[1].Name != "want" {
		t.Fatal("a report is a callgate.yaml and a want")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "callgate.yaml")
	if err := os.WriteFile(path, archive.Files[0].Data, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	var faults Faults
	if c != nil || !errors.As(err, &faults) {
		t.Fatalf("got %v and %v, want faults", c, err)
	}
	for _, f := range faults {
		if f.Code == "" || f.Message == "" {
			t.Errorf("incomplete fault: %+v", f)
		}
	}
	got := strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "") + "\n"
	if strings.Contains(got, "hunter2") {
		t.Error("the report repeats what may be a secret")
	}
	if *update {
		archive.Files[1].Data = []byte(got)
		if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := string(archive.Files[1].Data); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
