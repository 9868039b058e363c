package lastwriter

import (
	"errors"
	"fmt"
)

// ErrNotStamped says that SoftDelete, Revive or Remembered was called for a client, or a table, that Stamp does not stamp.
var ErrNotStamped = errors.New("not stamped: append lastwriter.Stamp() to the APIOptions of this client's configuration, " +
	"with this table among its Tables")

// StampError says that a write could not be stamped. It is returned with Options.Strict alone; without, such a write goes
// out without a stamp, and the first one is logged. It never holds a key or a value.
type StampError struct {
	// Reason is what is wrong, and what to do.
	Reason string
	// Err is what lies behind it, if something does: an EncryptedItemError, for one.
	Err error
}

func (e *StampError) Error() string { return "lastwriter: the write could not be stamped: " + e.Reason }

// Unwrap gives what lies behind the error.
func (e *StampError) Unwrap() error { return e.Err }

// EncryptedItemError says that an item is signed by a client-side encryption library, which would not know a stamp from
// tampering.
type EncryptedItemError struct{ Table, Library string }

func (e *EncryptedItemError) Error() string {
	return fmt.Sprintf("the items of table %s are signed by %s, and a stamp would make their signatures fail: give the "+
		"stamps the attribute actions that the page \"Client-side encryption\" of the clients tells, then set Encrypted to "+
		"StampEncrypted", e.Table, e.Library)
}

// panicError is a function of the caller's, or of this package, that panicked. What it said may hold a key or a value, so
// only its type is told.
type panicError struct{ value any }

func (e *panicError) Error() string { return fmt.Sprintf("a panic with a value of type %T", e.value) }

// asStampError is what the caller is told of what went wrong. Of an error that is not ours only the type is told.
func asStampError(err error) *StampError {
	var ours *StampError
	if errors.As(err, &ours) {
		return ours
	}
	var panicked *panicError
	if errors.As(err, &panicked) {
		return &StampError{Reason: panicked.Error()}
	}
	return &StampError{Reason: fmt.Sprintf("an error of type %T", err)}
}
