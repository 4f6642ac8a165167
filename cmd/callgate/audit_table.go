package main

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"callgate/sidecar/audit"
)

// tableWidth is what a table keeps within.
const tableWidth = 100

// idWidth is how much of an id a table shows: the time in milliseconds and the
// first random digits, enough for `audit show`.
const idWidth = 18

// columns of the table but the last, which takes what is left: what was
// decided, and how a call ended that went on.
var columns = [...]struct {
	head  string
	width int // at most; a table with shorter texts is narrower
}{
	{"TIME (UTC)", 14}, {"ID", idWidth}, {"CALLER", 12}, {"CALL", 22},
}

const lastColumn = "DECISION"

// tableRows is how many rows are read before the widths are fixed.
const tableRows = 200

// table prints entries in aligned columns. The first rows fix the widths; a
// flowing table has the widest, because it prints each row at once.
type table struct {
	out     *bufio.Writer
	flowing bool
	started bool
	widths  [len(columns)]int
	rows    [][len(columns) + 1]string
}

func (t *table) add(r *audit.Record) error {
	t.rows = append(t.rows, tableRow(r))
	if t.flowing || t.started || len(t.rows) == tableRows {
		return t.flush()
	}
	return nil
}

// tableRow gives the cells of one entry, without anything that could steer a
// terminal.
func tableRow(r *audit.Record) [len(columns) + 1]string {
	verdict := r.Decision
	if r.Observed {
		verdict += " (observed)"
	}
	if r.End.Outcome != audit.Refused && !(r.Decision == "allow" && r.End.Outcome == audit.Returned) {
		verdict += " " + r.End.Outcome.String()
	}
	if len(r.Rules) > 0 && r.Decision != "allow" {
		verdict += " " + strings.Join(r.Rules, ",")
	} else if len(r.End.Rules) > 0 {
		verdict += " " + strings.Join(r.End.Rules, ",")
	}
	call := r.Tool
	if r.Server != "" {
		call = r.Server + "/" + r.Tool
	}
	return [len(columns) + 1]string{
		r.Time.UTC().Format("01-02 15:04:05"), printable(clip(r.ID, idWidth, "")), printable(r.Caller), printable(call), printable(verdict),
	}
}

// flush prints the rows that were added, under the heads the first time.
func (t *table) flush() error {
	if !t.started {
		if len(t.rows) == 0 {
			return nil
		}
		t.start()
	}
	for _, row := range t.rows {
		if err := t.print(row); err != nil {
			return err
		}
	}
	t.rows = t.rows[:0]
	return nil
}

func (t *table) start() {
	t.started = true
	var heads [len(columns) + 1]string
	for i, c := range columns {
		heads[i] = c.head
		t.widths[i] = c.width
		if !t.flowing {
			t.widths[i] = min(c.width, t.widest(i))
		}
	}
	heads[len(columns)] = lastColumn
	t.rows = append([][len(columns) + 1]string{heads}, t.rows...)
}

func (t *table) widest(column int) int {
	most := utf8.RuneCountInString(columns[column].head)
	for _, row := range t.rows {
		most = max(most, utf8.RuneCountInString(row[column]))
	}
	return most
}

func (t *table) print(row [len(columns) + 1]string) error {
	line := ""
	for i, width := range t.widths {
		cell := clip(row[i], width, "…")
		line += cell + strings.Repeat(" ", width-utf8.RuneCountInString(cell)+2)
	}
	line += clip(row[len(columns)], tableWidth-utf8.RuneCountInString(line), "…")
	_, err := fmt.Fprintln(t.out, strings.TrimRight(line, " "))
	return err
}

// clip cuts a text to a number of characters, with a mark where it was cut.
func clip(s string, width int, mark string) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	runes := []rune(s)
	return string(runes[:width-utf8.RuneCountInString(mark)]) + mark
}

// printable replaces what could steer a terminal or hide: control characters,
// marks of direction, invisible characters and invalid bytes are shown as Go
// would write them.
func printable(s string) string {
	plain := true
	for _, c := range s {
		plain = plain && c != utf8.RuneError && strconv.IsPrint(c)
	}
	if plain {
		return s
	}
	quoted := strconv.Quote(s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
