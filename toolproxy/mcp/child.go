package mcp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"callgate/toolproxy"
)

// Command says how to start a server that speaks over its standard streams.
type Command struct {
	Args   []string  // the program and its arguments
	Env    []string  // nil means the environment of this process
	Dir    string    // empty means the directory of this process
	Stderr io.Writer // where its standard error goes; nil discards it
}

const (
	// defaultGrace is how long each step of ending a child may take.
	defaultGrace = 3 * time.Second
	// maxGarbage is how many lines in a row without a message end a child.
	maxGarbage = 100
	// maxRest bounds what is read after a child is gone, from pipes that a
	// process which outlived it may hold open. No pipe buffers more.
	maxRest = 1 << 20
)

var (
	errNoCommand = errors.New("no command to run")
	errChildGone = errors.New("the server process is gone")
)

// garbage is a line of a child that is not a message and is dropped.
type garbage struct {
	id      string // of the request that it seems to answer; empty when unknown
	refusal *toolproxy.Refusal
}

// childConfig is what a child is started with.
type childConfig struct {
	Command Command
	Replies toolproxy.Gate // what its lines must keep; MaxBytes caps a line
	Grace   time.Duration  // 0 means defaultGrace

	// Hear and Garbage are called for each line, in order, by one goroutine.
	// While they run, nothing more is read: that is how a slow reader slows
	// the child down.
	Hear    func(Message)
	Garbage func(garbage)
}

// child is a running process that speaks newline-delimited JSON-RPC, with all
// processes that it started. Its methods are safe for concurrent use.
type child struct {
	cfg    childConfig
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *os.File

	outbox chan []byte   // lines for the child; nil closes its input
	mute   chan struct{} // closed when nothing more is written
	exited chan struct{} // closed when the process has exited
	heard  chan struct{} // closed when all that it wrote was read
	done   chan struct{} // closed last; nothing of the child is left
	code   int           // exit code; valid after exited

	stopping sync.Once
	mu       sync.Mutex // guards tree, which is empty after done
	tree     *tree
}

// startChild runs the command. The caller must Stop the child.
func startChild(cfg childConfig) (*child, error) {
	if len(cfg.Command.Args) == 0 {
		return nil, errNoCommand
	}
	if cfg.Grace <= 0 {
		cfg.Grace = defaultGrace
	}
	cmd := exec.Command(cfg.Command.Args[0], cfg.Command.Args[1:]...)
	cmd.Env, cmd.Dir, cmd.Stderr = cfg.Command.Env, cfg.Command.Dir, cfg.Command.Stderr
	cmd.WaitDelay = cfg.Grace
	isolate(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start server: %w", err)
	}
	stdout, theirs, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start server: %w", err), stdin.Close())
	}
	cmd.Stdout = theirs
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		stdout.Close()
		return nil, fmt.Errorf("start server: %w", err)
	}
	c := &child{
		cfg: cfg, cmd: cmd, stdin: stdin, stdout: stdout, tree: treeOf(cmd.Process),
		outbox: make(chan []byte), mute: make(chan struct{}),
		exited: make(chan struct{}), heard: make(chan struct{}), done: make(chan struct{}),
	}
	go c.write()
	go c.read()
	go c.wait()
	return c, nil
}

// Send writes one message as one line, after all that were sent before. It
// waits while the child does not read.
func (c *child) Send(ctx context.Context, raw []byte) error {
	return c.post(ctx, oneLine(raw))
}

// CloseInput closes the child's standard input behind what was sent.
func (c *child) CloseInput(ctx context.Context) error { return c.post(ctx, nil) }

func (c *child) post(ctx context.Context, line []byte) error {
	select {
	case <-c.mute:
		return errChildGone
	case <-ctx.Done():
		return context.Cause(ctx)
	case c.outbox <- line:
		return nil
	}
}

// Offer is Send for the goroutine that reads the child, which must not wait for
// it: the message is dropped when the child is not reading.
func (c *child) Offer(raw []byte) {
	select {
	case c.outbox <- oneLine(raw):
	default:
	}
}

func (c *child) write() {
	defer close(c.mute)
	for {
		select {
		case line := <-c.outbox:
			if line == nil {
				c.stdin.Close()
				return
			}
			if _, err := c.stdin.Write(line); err != nil {
				c.beginStop()
				return
			}
		case <-c.exited:
			return
		}
	}
}

// read hands on the child's lines until no process writes them any more. A child
// that is not listened to has to end.
func (c *child) read() {
	defer close(c.heard)
	c.listen()
	c.beginStop()
	_, _ = io.Copy(io.Discard, &rest{c: c, left: maxRest})
}

// listen returns when the child's output ends or is mostly garbage.
func (c *child) listen() {
	lines := newLineReader(&rest{c: c, left: maxRest}, c.cfg.Replies.MaxBytes)
	for bad := 0; bad < maxGarbage; bad++ {
		line, err := lines.next()
		switch {
		case errors.Is(err, errLongLine):
			c.drop(line, err, toolproxy.Refuse(toolproxy.CodeUpstreamTooLarge, "upstream", err))
			continue
		case err != nil:
			return
		case blank(line):
			continue
		}
		m, err := Parse(line, c.cfg.Replies)
		if err != nil {
			c.drop(line, err, toolproxy.Refuse(toolproxy.CodeUpstreamInvalid, "upstream", err))
			continue
		}
		bad = -1
		c.cfg.Hear(m)
	}
}

func (c *child) drop(line []byte, err error, refusal *toolproxy.Refusal) {
	if c.cfg.Garbage != nil {
		c.cfg.Garbage(garbage{lostID(line, err), refusal})
	}
}

func blank(line []byte) bool {
	for _, b := range line {
		if b != ' ' && b != '\t' && b != '\r' {
			return false
		}
	}
	return true
}

// rest reads the child's output. Once the child is gone it does not wait long:
// a process that left the tree may hold the pipe open for ever.
type rest struct {
	c    *child
	left int
}

func (r *rest) Read(p []byte) (int, error) {
	select {
	case <-r.c.exited:
		if r.left <= 0 {
			return 0, io.EOF
		}
		// Fails where pipes know no deadline; there, no process leaves the tree.
		_ = r.c.stdout.SetReadDeadline(time.Now().Add(r.c.cfg.Grace))
		n, err := r.c.stdout.Read(p)
		r.left -= n
		return n, err
	default:
		return r.c.stdout.Read(p)
	}
}

// wait sees the child off: nothing of it, and nobody it started, is left when
// done closes.
func (c *child) wait() {
	// The error says what the process state says, or that standard error was
	// cut off; neither changes what is to be done.
	_ = c.cmd.Wait()
	c.code = exitCode(c.cmd.ProcessState)
	close(c.exited)
	_ = c.stdout.SetReadDeadline(time.Now().Add(c.cfg.Grace))
	c.within(func(t *tree) { t.terminate() })
	c.pause(c.heard)
	c.within(func(t *tree) { t.kill() })
	<-c.heard
	<-c.mute
	c.stdout.Close()
	c.mu.Lock()
	c.tree.close()
	c.tree = nil
	c.mu.Unlock()
	close(c.done)
}

// within runs do while the tree's processes cannot be mistaken for others.
func (c *child) within(do func(*tree)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tree != nil {
		do(c.tree)
	}
}

// Signal sends a signal to the child and all that it started.
func (c *child) Signal(sig os.Signal) {
	c.within(func(t *tree) { t.signal(sig) })
}

// pause waits for an event, but not longer than the grace, and reports whether
// it came.
func (c *child) pause(event <-chan struct{}) bool {
	timer := time.NewTimer(c.cfg.Grace)
	defer timer.Stop()
	select {
	case <-event:
		return true
	case <-timer.C:
		return false
	}
}

// Stop ends the child: its input is closed, then it is asked to terminate, then
// it is killed, each after the grace. It returns when nothing is left of it,
// which also waits for a call of Hear that has not returned.
func (c *child) Stop() {
	c.beginStop()
	<-c.done
}

func (c *child) beginStop() {
	c.stopping.Do(func() {
		go func() {
			c.stdin.Close()
			if c.pause(c.exited) {
				return
			}
			c.within(func(t *tree) { t.terminate() })
			if c.pause(c.exited) {
				return
			}
			c.within(func(t *tree) { t.kill() })
		}()
	})
}

// Done is closed when all that the child wrote was heard and no process of it
// is left.
func (c *child) Done() <-chan struct{} { return c.done }

// Code is the exit code of the child after Done; a signal n gives 128+n.
func (c *child) Code() int { return c.code }
