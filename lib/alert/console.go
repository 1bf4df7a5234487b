package alert

import (
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"sandtrace/lib/event"
)

// gather is how many bytes the console gathers while its input does not pause.
const gather = 64 << 10

// Console shows alerts to a person: one block of lines an alert. Nothing of a record reaches the
// terminal unescaped: every text passes clip.
type Console struct {
	w     io.Writer
	color bool
	zone  *time.Location
	buf   []byte
}

// NewConsole writes to w; times are shown in zone.
func NewConsole(w io.Writer, color bool, zone *time.Location) *Console {
	return &Console{w: w, color: color, zone: zone}
}

// style is an ANSI SGR sequence.
type style string

const (
	reset   style = "\x1b[0m"
	dim     style = "\x1b[2m"
	bold    style = "\x1b[1m"
	pkgName style = "\x1b[1;35m"
)

// severityStyles holds one row a severity.
var severityStyles = map[event.Severity]style{
	event.SeverityCritical: "\x1b[1;7;31m",
	event.SeverityHigh:     "\x1b[31m",
	event.SeverityMedium:   "\x1b[33m",
	event.SeverityLow:      "\x1b[36m",
	event.SeverityInfo:     dim,
}

// Alert shows one alert.
func (c *Console) Alert(a *Alert) error {
	c.header(a)
	if p := a.Pkg(); p != nil {
		c.label("package")
		c.styled(pkgName, clip(p.String(), maxValue))
		if p.Manager != "" {
			c.text(" by ", clip(p.Manager, maxName))
		}
		c.end()
	}
	c.field("path", place(a))
	c.field("to", clip(a.To, maxValue))
	c.field("remote", remote(a))
	c.field("result", clip(a.Outcome, maxName))
	if a.Proc != nil {
		c.process(a.Proc)
		c.field("script", clip(a.Proc.Script, maxValue))
	}
	c.field("preview", clip(a.Preview, maxValue))
	c.field("remedy", clip(a.Remedy, maxValue))
	if a.Count > 1 {
		c.field("seen", plural(a.Count, "record"))
	}
	return c.full()
}

// Note shows one dim line that is no alert.
func (c *Console) Note(at event.Time, text string) error {
	c.clock(at)
	c.styled(dim, "warning  "+clip(text, maxValue))
	c.end()
	return c.full()
}

// Flush writes out what was gathered.
func (c *Console) Flush() error {
	if len(c.buf) == 0 {
		return nil
	}
	_, err := c.w.Write(c.buf)
	c.buf = c.buf[:0]
	return err
}

func (c *Console) full() error {
	if len(c.buf) < gather {
		return nil
	}
	return c.Flush()
}

func (c *Console) header(a *Alert) {
	c.clock(a.Time)
	word := clip(string(a.Severity), maxName)
	if word == "" {
		word = "unknown"
	}
	st := severityStyles[a.Severity]
	if st == "" {
		st = bold
	}
	c.styled(st, word)
	for n := len(word); n < len(event.SeverityCritical); n++ {
		c.text(" ")
	}
	c.text(" ")
	c.styled(bold, clip(first(a.Rule, "?"), maxName))
	if a.Message != "" {
		c.text("  ", clip(a.Message, maxValue))
	}
	c.end()
}

func (c *Console) process(p *event.Proc) {
	c.label("process")
	c.text(clip(p.Name, maxName), " (", strconv.Itoa(p.PID), ")")
	if p.Exe != "" {
		c.text(" ", clip(p.Exe, maxValue))
	}
	if p.UID.Set && p.UID.Val == 0 {
		c.text(" as root")
	}
	if len(p.Lineage) > 1 {
		names := make([]string, 0, 16)
		for _, n := range p.Lineage[max(0, len(p.Lineage)-16):] {
			names = append(names, clip(n, maxName/4))
		}
		c.text(" ")
		c.styled(dim, "["+strings.Join(names, " > ")+"]")
	}
	c.end()
}

// place is the path with the line and column of a finding.
func place(a *Alert) string {
	s := clip(a.Path, maxValue)
	if s != "" && a.Line > 0 {
		s += ":" + strconv.Itoa(a.Line)
		if a.Column > 0 {
			s += ":" + strconv.Itoa(a.Column)
		}
	}
	return s
}

// remote is "host (addr:port)" or what is known of it.
func remote(a *Alert) string {
	addr := clip(a.Addr, maxName)
	if a.Port.Set {
		if ip, err := netip.ParseAddr(a.Addr); err == nil {
			addr = netip.AddrPortFrom(ip, a.Port.Val).String()
		} else {
			addr += ":" + strconv.Itoa(int(a.Port.Val))
		}
	}
	host := clip(a.Host, maxValue)
	if host == "" || addr == "" {
		return host + addr
	}
	return host + " (" + addr + ")"
}

const clockWidth = len("15:04:05 ")

func (c *Console) clock(t event.Time) {
	if t == 0 {
		c.text("--:--:-- ")
		return
	}
	c.style(dim)
	c.buf = t.Time().In(c.zone).AppendFormat(c.buf, time.TimeOnly)
	c.style(reset)
	c.text(" ")
}

// field shows a value that was made safe; an absent one takes no line.
func (c *Console) field(name, safe string) {
	if safe == "" {
		return
	}
	c.label(name)
	c.text(safe)
	c.end()
}

func (c *Console) label(name string) {
	c.text(strings.Repeat(" ", clockWidth))
	c.styled(dim, name)
	c.text(strings.Repeat(" ", max(1, len(event.SeverityCritical)+1-len(name))))
}

func (c *Console) styled(s style, safe string) {
	c.style(s)
	c.text(safe)
	c.style(reset)
}

func (c *Console) style(s style) {
	if c.color {
		c.buf = append(c.buf, s...)
	}
}

func (c *Console) text(safe ...string) {
	for _, s := range safe {
		c.buf = append(c.buf, s...)
	}
}

func (c *Console) end() { c.buf = append(c.buf, '\n') }
