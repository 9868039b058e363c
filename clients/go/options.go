package lastwriter

import (
	"fmt"
	"log/slog"
	"slices"

	"lastwriter/internal/stamps"
)

// Tokens says what to do with a transaction that has the caller's own ClientRequestToken.
type Tokens string

const (
	// CountTokens adds what every process adds alike, the count. It is the default.
	CountTokens Tokens = "count"
	// RememberTokens stamps in full, and keeps the time for ten minutes for a retry in this process.
	RememberTokens Tokens = "remember"
	// LeaveTokens leaves such transactions alone.
	LeaveTokens Tokens = "leave"
)

// Encrypted says what to do with items that a client-side encryption library has signed.
type Encrypted string

const (
	// RefuseEncrypted does not stamp them. It is the default.
	RefuseEncrypted Encrypted = "refuse"
	// StampEncrypted stamps them, since the library's attribute actions allow for it.
	StampEncrypted Encrypted = "stamp"
)

// DefaultRemember is how many items are remembered. About 10 MB with the stamps of three Regions.
const DefaultRemember = 10_000

// Options are the settings of Stamp. They have their defaults when a function is given them to change.
type Options struct {
	// Region to stamp with. By default that of the endpoint's host name, and for an endpoint that is not AWS's the Region
	// of the client. Set it if you reach DynamoDB through a proxy.
	Region string
	// Prefix is the first part of the stamp attributes' names: the stream processor's STAMP_PREFIX. "lw" by default.
	Prefix string
	// Clock gives microseconds since 1970. By default the system's clock.
	Clock func() int64
	// Tables tells the tables to stamp, by their names. By default all. See OnlyTables.
	Tables func(name string) bool
	// Strict fails a write that cannot be stamped with a StampError. By default it goes out without a stamp, and the first
	// one is logged.
	Strict bool
	// Keys are the names of tables' key attributes. By default they are learnt from requests, and each attribute of an item
	// that is put is taken for a possible key in its condition.
	Keys map[string][]string
	// Tokens: transactions that have your own ClientRequestToken.
	Tokens Tokens
	// Hide takes the stamps out of what reads return, unless the read names attributes. True by default.
	Hide bool
	// Remember is how many items' stamps are kept, for puts that carry none; 0 for none. The clients that one Stamp stamps
	// share them.
	Remember int
	// Encrypted: items that a client-side encryption library has signed.
	Encrypted Encrypted
	// Logger is told of the first write that could not be stamped, and of each table whose items are signed; never a key or
	// a value. slog.Default() by default.
	Logger *slog.Logger
}

// OnlyTables is a value for Options.Tables.
func OnlyTables(names ...string) func(string) bool {
	bare := make([]string, len(names))
	for at, name := range names {
		bare[at] = tableName(name)
	}
	return func(name string) bool { return slices.Contains(bare, name) }
}

func (o *Options) check() error {
	if o.Region != "" {
		if err := stamps.CheckRegion(o.Region); err != nil {
			return fmt.Errorf("lastwriter: %w", err)
		}
	}
	switch o.Tokens {
	case CountTokens, RememberTokens, LeaveTokens:
	default:
		return fmt.Errorf("lastwriter: Tokens %q must be CountTokens, RememberTokens or LeaveTokens", o.Tokens)
	}
	switch o.Encrypted {
	case RefuseEncrypted, StampEncrypted:
	default:
		return fmt.Errorf("lastwriter: Encrypted %q must be RefuseEncrypted or StampEncrypted", o.Encrypted)
	}
	if o.Remember < 0 {
		return fmt.Errorf("lastwriter: Remember %d must be the number of items to remember, 0 for none", o.Remember)
	}
	return nil
}
