package lastwriter

import (
	"errors"
	"sync/atomic"
	"time"

	"lastwriter/internal/stamps"
)

var errClock = errors.New("the clock must give microseconds since 1970, up to the year 9999")

// clock wraps a source of microseconds so that a later reading is never smaller than an earlier one.
type clock struct {
	source func() int64
	last   atomic.Int64
}

// systemClock is one for the process, so that two clients of it agree.
var systemClock = &clock{source: func() int64 { return time.Now().UnixMicro() }}

// read is the time in microseconds. An error if the source gives none that a stamp can hold.
func (c *clock) read() (int64, error) {
	now := c.source()
	if now < 0 || now > stamps.MaxPart {
		return 0, &StampError{Reason: errClock.Error()}
	}
	for {
		last := c.last.Load()
		if now <= last {
			return last, nil
		}
		if c.last.CompareAndSwap(last, now) {
			return now, nil
		}
	}
}
