package audit

import (
	"context"
	"database/sql/driver"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
)

// process is whose an open call is. Every Store counts as one.
type process struct {
	uuid   string
	boot   string // identity of this start of the machine; empty where unknown
	space  string // the space of pids
	pid    int
	born   string // start of the pid in the system's own words; empty where unknown
	number int64  // in the file
}

func thisProcess() process {
	p := process{uuid: uuid.NewString(), boot: bootID(), space: pidSpace(), pid: os.Getpid()}
	p.born, _, _ = birth(p.pid)
	return p
}

// dead says whether other is known to have ended. Doubt means alive.
//
// Processes that share a SQLite file in WAL mode share a kernel, so another
// start of the machine is proof enough. On the same start, the pid tells: it is
// gone, or it was born at another time.
func (p process) dead(other process) bool {
	if p.boot != other.boot {
		return p.boot != "" && other.boot != ""
	}
	if p.space != other.space {
		return false
	}
	born, alive, err := birth(other.pid)
	if err != nil {
		return false
	}
	return !alive || (born != other.born && other.born != "")
}

// register makes the process known in the file, once.
func (c *conn) register(ctx context.Context, p *process) error {
	now := time.Now().UnixMicro()
	_, err := c.exec(ctx, `INSERT INTO processes (uuid, boot, space, pid, born, first, opened, seen)
		SELECT ?, ?, ?, ?, ?, coalesce((SELECT max(seq) FROM decided), 0), ?, ?
		WHERE NOT EXISTS (SELECT 1 FROM processes WHERE uuid = ?)`,
		p.uuid, p.boot, p.space, int64(p.pid), p.born, now, now, p.uuid)
	if err != nil {
		return err
	}
	p.number, err = c.integer(ctx, "SELECT process FROM processes WHERE uuid = ?", p.uuid)
	return err
}

// sweep ends the open calls of processes that have ended, as interrupted.
func (c *conn) sweep(ctx context.Context, self process) error {
	return c.inTx(ctx, func() error {
		gone, err := c.gone(ctx, self)
		if err != nil {
			return err
		}
		for _, number := range gone {
			if err := c.interrupt(ctx, number); err != nil {
				return err
			}
		}
		return nil
	})
}

// gone numbers the processes that have ended and were not swept yet.
func (c *conn) gone(ctx context.Context, self process) ([]int64, error) {
	var numbers []int64
	err := c.each(ctx, "SELECT process, uuid, boot, space, pid, born, closed IS NOT NULL FROM processes WHERE swept = 0",
		func(row []driver.Value) error {
			p, closed, err := scanProcess(row)
			if err == nil && p.uuid != self.uuid && (closed || self.dead(p)) {
				numbers = append(numbers, p.number)
			}
			return err
		})
	return numbers, err
}

func scanProcess(row []driver.Value) (p process, closed bool, err error) {
	number, ok1 := row[0].(int64)
	id, ok2 := row[1].(string)
	boot, ok3 := row[2].(string)
	space, ok4 := row[3].(string)
	pid, ok5 := row[4].(int64)
	born, ok6 := row[5].(string)
	end, ok7 := row[6].(int64)
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && ok7) {
		return p, false, fmt.Errorf("%w: a row of processes", ErrCorrupt)
	}
	return process{uuid: id, boot: boot, space: space, pid: int(pid), born: born, number: number}, end == 1, nil
}

func (c *conn) interrupt(ctx context.Context, number int64) error {
	_, err := c.exec(ctx, `INSERT INTO ended (seq, time, outcome, latency_us, upstream_us)
		SELECT d.seq, ?, 'interrupted', 0, 0 FROM decided d LEFT JOIN ended e ON e.seq = d.seq
		WHERE d.seq > (SELECT first FROM processes WHERE process = ?) AND d.process = ? AND e.seq IS NULL`,
		time.Now().UnixMicro(), number, number)
	if err != nil {
		return err
	}
	_, err = c.exec(ctx, "UPDATE processes SET swept = 1 WHERE process = ?", number)
	return err
}

// leave notes a clean end.
func (c *conn) leave(wait time.Duration, p process) error {
	ctx := context.Background()
	if _, err := c.exec(ctx, fmt.Sprintf("PRAGMA busy_timeout=%d", wait.Milliseconds())); err != nil {
		return err
	}
	_, err := c.exec(ctx, "UPDATE processes SET closed = ? WHERE process = ?", time.Now().UnixMicro(), p.number)
	return err
}

// probe writes what a decision would need, pages and a commit, inside the
// writer's transaction, and takes it back but for a mark in the own process.
func (c *conn) probe(p process) error {
	ctx := context.Background()
	for _, query := range []string{
		"SAVEPOINT probe",
		"INSERT INTO probe (filler) VALUES (zeroblob(16384))",
		"ROLLBACK TO probe",
		"RELEASE probe",
	} {
		if _, err := c.exec(ctx, query); err != nil {
			return err
		}
	}
	_, err := c.exec(ctx, "UPDATE processes SET seen = ? WHERE process = ?", time.Now().UnixMicro(), p.number)
	return err
}
