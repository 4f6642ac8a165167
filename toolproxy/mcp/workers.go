package mcp

import "time"

// idleWorker is how long a goroutine without work is kept.
const idleWorker = 10 * time.Second

// workers run functions on goroutines that are kept for the next one. Judging a
// call goes deep, and a goroutine of its own for each call would spend a tenth
// of the call's processor time on growing its stack.
type workers struct {
	next chan func()     // unbuffered, so that only an idle worker takes from it
	stop <-chan struct{} // ends the idle ones
}

func newWorkers(stop <-chan struct{}) *workers {
	return &workers{next: make(chan func()), stop: stop}
}

// run starts f at once, on an idle worker where there is one.
func (w *workers) run(f func()) {
	select {
	case w.next <- f:
	default:
		go w.work(f)
	}
}

func (w *workers) work(f func()) {
	idle := time.NewTimer(idleWorker)
	defer idle.Stop()
	for {
		f()
		idle.Reset(idleWorker)
		select {
		case f = <-w.next:
		case <-idle.C:
			return
		case <-w.stop:
			return
		}
	}
}
