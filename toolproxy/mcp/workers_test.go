package mcp

import (
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// TestWorkers: functions that need each other all run, a worker is used again,
// and none is left behind.
func TestWorkers(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	stop := make(chan struct{})
	w := newWorkers(stop)
	const many = 50
	var met, left sync.WaitGroup
	met.Add(many)
	left.Add(many)
	for range many {
		w.run(func() {
			met.Done()
			met.Wait() // returns only when all of them run at once
			left.Done()
		})
	}
	left.Wait()
	again := make(chan struct{})
	select {
	case w.next <- func() { close(again) }:
	case <-t.Context().Done():
		t.Fatal("no worker is kept")
	}
	<-again
	close(stop)
}
