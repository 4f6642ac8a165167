package audit

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// child is what a started process does: "load" stores calls until it has done
// its share, "forever" until it is killed. It prints each id when the decision
// was acknowledged, and again with a mark when the end was. "room" writes to the
// tables of another room.
func child(job string) error {
	if job == "room" {
		return useRoom(os.Getenv("AUDIT_TEST_PATH"))
	}
	ctx := context.Background()
	s, err := Open(ctx, Options{Path: os.Getenv("AUDIT_TEST_PATH")})
	if err != nil {
		return err
	}
	out := make(chan string)
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		for line := range out {
			fmt.Println(line)
		}
	}()
	errs := make(chan error, 8)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for n := 0; job == "forever" || n < 250; n++ {
				if err := oneCall(ctx, s, n, out); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(out)
	<-printed
	close(errs)
	if err := <-errs; err != nil {
		return err
	}
	return s.Close()
}

// oneCall leaves one call in five open.
func oneCall(ctx context.Context, s *Store, n int, out chan<- string) error {
	r := call()
	if n%2 == 0 {
		r.Decision, r.Effects = "allow", []string{"read"}
	}
	if err := s.Decide(ctx, &r); err != nil {
		return err
	}
	out <- r.ID
	if n%5 == 0 {
		return nil
	}
	if err := s.Finish(ctx, r.ID, end()); err != nil {
		return err
	}
	out <- r.ID + " ended"
	return nil
}

func startChild(t *testing.T, job, path string) (*exec.Cmd, io.Reader, *strings.Builder) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "AUDIT_TEST_JOB="+job, "AUDIT_TEST_PATH="+path)
	var talk strings.Builder
	cmd.Stderr = &talk
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out, &talk
}

// TestFiveProcesses lets five processes create one record and write to it at
// once, while a sixth follows.
func TestFiveProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "callgate.db")
	var wg sync.WaitGroup
	acknowledged := make([][]string, 5)
	for i := range acknowledged {
		cmd, out, talk := startChild(t, "load", path)
		wg.Go(func() {
			acknowledged[i] = lines(out)
			if err := cmd.Wait(); err != nil {
				t.Errorf("process %d: %v\n%s", i, err, talk)
			}
		})
	}
	wg.Wait()
	rows := present(t, path, acknowledged...)
	if want := 5 * 4 * 250; rows != want {
		t.Errorf("%d rows, want %d", rows, want)
	}
	verify(t, path)
}

// TestKilledWriter kills a process under load: whatever it had acknowledged is
// there, what it left open is seen as open, and the next process says so.
func TestKilledWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "callgate.db")
	cmd, out, _ := startChild(t, "forever", path)
	buffered := bufio.NewReader(out)
	var acknowledged []string
	for len(acknowledged) < 500 {
		line, err := buffered.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		acknowledged = append(acknowledged, strings.TrimSpace(line))
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	acknowledged = append(acknowledged, lines(buffered)...)
	if err := cmd.Wait(); err == nil {
		t.Fatal("the process was not killed")
	}
	if n := len(acknowledged); strings.Count(acknowledged[n-1], "-") != 4 {
		acknowledged = acknowledged[:n-1] // cut off in the middle
	}
	present(t, path, acknowledged)
	open := withOutcome(t, path, Pending)
	if open == 0 {
		t.Error("no open calls")
	}
	s := openTest(t, Options{Path: path})
	if got := withOutcome(t, path, Interrupted); got != open {
		t.Errorf("%d calls were open, %d are interrupted", open, got)
	}
	mustDecide(t, s, call())
}

// present checks that everything acknowledged is stored, and counts the rows.
func present(t *testing.T, path string, acknowledged ...[]string) (rows int) {
	t.Helper()
	outcomes := map[string]Outcome{}
	for r, err := range readTest(t, path).List(context.Background(), Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		outcomes[r.ID] = r.End.Outcome
		rows++
	}
	for _, ids := range acknowledged {
		for _, line := range ids {
			id, mark, _ := strings.Cut(line, " ")
			got, ok := outcomes[id]
			if !ok || (mark == "ended" && got != Withheld) {
				t.Errorf("acknowledged %q: stored %v, outcome %q", line, ok, got)
			}
		}
		if len(ids) == 0 {
			t.Error("a process acknowledged nothing")
		}
	}
	return rows
}

func withOutcome(t *testing.T, path string, want Outcome) (n int) {
	t.Helper()
	for r, err := range readTest(t, path).List(context.Background(), Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		if r.End.Outcome == want {
			n++
		}
	}
	return n
}

func lines(r io.Reader) (all []string) {
	for s := bufio.NewScanner(r); s.Scan(); {
		all = append(all, s.Text())
	}
	return all
}
