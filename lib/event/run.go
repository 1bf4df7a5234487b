package event

import (
	"crypto/rand"
	"time"

	"github.com/oklog/ulid/v2"
)

// NewRun is a new run id, a ULID: ids sort by the time at which they were made.
func NewRun(at time.Time) string {
	return ulid.MustNew(ulid.Timestamp(at), rand.Reader).String()
}
