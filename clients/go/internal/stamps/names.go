// Package stamps has what every part of the client knows of stamps: their names, their numbers, the Regions that they may
// name, and which of two is later. It knows no SDK.
package stamps

import (
	"fmt"
	"strings"
)

// Kind is what a stamp attribute holds.
type Kind int

const (
	// Count is how many of a Region's writes the version descends from.
	Count Kind = iota
	// Time is that of the latest of them.
	Time
	// Reset is the time at which a put dropped the history.
	Reset
)

// Attribute is what a stamp attribute's name says. A reset has no Region.
type Attribute struct {
	Kind   Kind
	Region string
}

// Names tells stamp attributes from others by their names, for one prefix.
type Names struct {
	Prefix string
	// Reset is the name of the attribute that says that the history was dropped.
	Reset string
	// Deleted is the mark of SoftDelete. It is for the application to see, and no stamp.
	Deleted string
	start   string
}

// NewNames makes the names of a prefix: the stream processor's STAMP_PREFIX.
func NewNames(prefix string) (*Names, error) {
	if prefix == "" || strings.Contains(prefix, ":") {
		return nil, fmt.Errorf("prefix %q must be some text without a colon", prefix)
	}
	return &Names{Prefix: prefix, Reset: prefix + ":reset", Deleted: prefix + ":deleted", start: prefix + ":"}, nil
}

// Count is the name of a Region's count.
func (n *Names) Count(region string) string { return n.Prefix + ":n:" + region }

// Time is the name of a Region's time.
func (n *Names) Time(region string) string { return n.Prefix + ":t:" + region }

// Name is the name of a stamp attribute.
func (n *Names) Name(attribute Attribute) string {
	switch attribute.Kind {
	case Count:
		return n.Count(attribute.Region)
	case Time:
		return n.Time(attribute.Region)
	case Reset:
		return n.Reset
	}
	panic("a kind of stamp attribute without a name")
}

// Parse says which stamp attribute a name is, if it is one. Each attribute of each item comes by here.
func (n *Names) Parse(name string) (Attribute, bool) {
	if len(name) <= len(n.start) || name[:len(n.start)] != n.start {
		return Attribute{}, false
	}
	rest := name[len(n.start):]
	if rest == "reset" {
		return Attribute{Kind: Reset}, true
	}
	if len(rest) < 3 || rest[1] != ':' || !IsRegion(rest[2:]) {
		return Attribute{}, false
	}
	switch rest[0] {
	case 'n':
		return Attribute{Kind: Count, Region: rest[2:]}, true
	case 't':
		return Attribute{Kind: Time, Region: rest[2:]}, true
	}
	return Attribute{}, false
}

// Is reports whether a name is a stamp attribute's.
func (n *Names) Is(name string) bool {
	_, is := n.Parse(name)
	return is
}
