package trace

import (
	"fmt"
	"io"
	"time"

	"sandtrace/lib/event"
)

// Table writes the counts of a run for a person, and no record.
type Table struct{ w io.Writer }

// NewTable writes to w.
func NewTable(w io.Writer) *Table { return &Table{w} }

// Write writes the table when it is given the summary; other records are passed over.
func (t *Table) Write(r event.Record) error {
	s, ok := r.(*event.Summary)
	if !ok {
		return nil
	}
	var b []byte
	for _, table := range s.Tables {
		total := int64(0)
		for _, c := range table.Rows {
			total += c.N
		}
		b = fmt.Appendf(b, "%10s  %5s  %s\n", "count", "%", heading(table.Key))
		for _, c := range table.Rows {
			b = fmt.Appendf(b, "%10d  %5.1f  %s\n", c.N, 100*float64(c.N)/float64(total), event.Display(c.Key))
		}
		b = append(b, '\n')
	}
	for _, c := range s.Counts {
		b = fmt.Appendf(b, "%10d  %s\n", c.N, heading(c.Key))
	}
	b = fmt.Appendf(b, "%10d  records lost\n", s.Lost)
	for _, l := range s.Lists {
		if len(l.Items) == 0 {
			continue
		}
		b = fmt.Appendf(b, "\n%s:\n", heading(l.Key))
		for _, item := range l.Items {
			b = fmt.Appendf(b, "  %s\n", event.Display(item))
		}
	}
	b = fmt.Appendf(b, "\n%v\n", time.Duration(s.Duration).Round(time.Millisecond))
	_, err := t.w.Write(b)
	return err
}
