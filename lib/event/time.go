package event

import (
	"encoding/json"
	"fmt"
	"time"
)

// Time is nanoseconds since the Unix epoch; on the wire RFC 3339 in UTC with nine fractional digits.
type Time int64

const timeLayout = "2006-01-02T15:04:05.000000000Z"

// At is t as a Time.
func At(t time.Time) Time { return Time(t.UnixNano()) }

// Time is t as a time.Time in UTC.
func (t Time) Time() time.Time { return time.Unix(0, int64(t)).UTC() }

func (t Time) String() string { return t.Time().Format(timeLayout) }

// UnmarshalJSON reads any RFC 3339 time.
func (t *Time) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("ts: expected an RFC 3339 string: %w", err)
	}
	v, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return fmt.Errorf("ts: expected RFC 3339: %w", err)
	}
	if y := v.UTC().Year(); y < 1678 || y > 2261 { // what 64 bits of nanoseconds hold
		return fmt.Errorf("ts: year %d is out of range", y)
	}
	*t = At(v)
	return nil
}

// clock appends times, formatting the part up to the second only when the second changes.
type clock struct {
	sec int64
	buf [20]byte // "2006-01-02T15:04:05."
	set bool
}

func (c *clock) append(dst []byte, t Time) []byte {
	sec, ns := int64(t)/1e9, int64(t)%1e9
	if ns < 0 {
		sec, ns = sec-1, ns+1e9
	}
	if sec != c.sec || !c.set {
		time.Unix(sec, 0).UTC().AppendFormat(c.buf[:0], "2006-01-02T15:04:05.")
		c.sec, c.set = sec, true
	}
	dst = append(dst, c.buf[:]...)
	var d [10]byte
	for i := 8; i >= 0; i-- {
		d[i] = byte('0' + ns%10)
		ns /= 10
	}
	d[9] = 'Z'
	return append(dst, d[:]...)
}
