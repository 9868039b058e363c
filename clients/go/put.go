package lastwriter

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"lastwriter/internal/stamps"
)

var (
	// one is the count of a first write, and what an update adds. Nothing changes it.
	one = &types.AttributeValueMemberN{Value: "1"}

	errPutAlike = &StampError{Reason: "a put without stamps, in a transaction with your own ClientRequestToken, may not " +
		"differ between processes: give it a condition that the item must not exist, its stamps, or set Tokens to RememberTokens"}
)

// putStamp is what a put is stamped with. Nothing changes one that was made: the puts of a batch may share it.
type putStamp struct {
	// stamps of the item as it is put; empty for one of which nothing is to be remembered.
	stamps.Stamps
	scope scope
	// count of this Region.
	count int64
}

// scope is which of its stamps an item gets.
type scope int

const (
	// allOfThem: it has none itself.
	allOfThem scope = iota
	// ownPair: the others it carries.
	ownPair
	// ownCount: so would any process.
	ownCount
)

// attributes gives the attributes that the stamp adds to an item, or sets anew, as names and numbers.
func (p *putStamp) attributes(m *moment, names *stamps.Names, add func(name, number string)) {
	add(m.to.countName, strconv.FormatInt(p.count, 10))
	if p.scope == ownCount {
		return
	}
	add(m.to.timeName, m.value.Value)
	if p.scope == ownPair {
		return
	}
	for _, pair := range p.Pairs {
		if pair.Region != m.to.region {
			eachAttribute(names, stamps.Stamps{Pairs: []stamps.RegionPair{pair}}, add)
		}
	}
	if p.Reset.Known {
		eachAttribute(names, stamps.Stamps{Reset: p.Reset}, add)
	}
}

// eachAttribute gives stamps as names and numbers.
func eachAttribute(names *stamps.Names, seen stamps.Stamps, add func(name, number string)) {
	for _, pair := range seen.Pairs {
		if pair.N.Known {
			add(names.Count(pair.Region), strconv.FormatInt(pair.N.Value, 10))
		}
		if pair.T.Known {
			add(names.Time(pair.Region), strconv.FormatInt(pair.T.Value, 10))
		}
	}
	if seen.Reset.Known {
		add(names.Reset, strconv.FormatInt(seen.Reset.Value, 10))
	}
}

// stamped is the item with its stamp.
func (s *Stamper) stamped(m *moment, content item, stamp *putStamp) item {
	made := with(content, 2*len(stamp.Pairs)+1)
	stamp.attributes(m, s.names, func(name, number string) { made[name] = &types.AttributeValueMemberN{Value: number} })
	return made
}

// putStamp is the stamp of a put: with the history that it carries, that its process has seen, or word that it has none.
// An item that carries one is not looked at where the body of the request is, since that is sooner done.
func (s *Stamper) putStamp(m *moment, its *table, content item, demand *condition) (*putStamp, error) {
	if err := s.tables.refuseEncrypted(its.name, content); err != nil {
		return nil, err
	}
	keys := s.tables.keys[its.name]
	if m.alike && s.tokens == CountTokens {
		return s.countPut(m, content, demand, keys)
	}
	if !m.spliced && s.carriesHistory(content) {
		return s.carriedPut(m, content), nil
	}
	if demand.mustNotExist(content, keys) {
		return m.created(), nil
	}
	// A transaction with the caller's token may be sent again by a process that has seen other items.
	if known, is := s.memory.find(its, content); is && len(known.Pairs) > 0 && !m.alike {
		own, _ := known.Pair(m.to.region)
		made := known.With(m.to.region, stamps.Pair{N: stamps.NewPart(next(own.N)), T: stamps.NewPart(m.time)})
		return &putStamp{Stamps: made, count: next(own.N)}, nil
	}
	return m.reset(), nil
}

// carriedPut advances the pair of this Region in an item that carries its history.
func (s *Stamper) carriedPut(m *moment, content item) *putStamp {
	count := next(readPart(content[m.to.countName]))
	made := readStamps(s.names, content).With(m.to.region, stamps.Pair{N: stamps.NewPart(count), T: stamps.NewPart(m.time)})
	return &putStamp{Stamps: made, scope: ownPair, count: count}
}

// countPut stamps a put with the count alone, as any process would, in a transaction with the caller's token.
func (s *Stamper) countPut(m *moment, content item, demand *condition, keys []string) (*putStamp, error) {
	// What it wrote to is forgotten, so its stamps are nothing to remember.
	switch {
	case s.carriesHistory(content):
		return &putStamp{scope: ownCount, count: next(readPart(content[m.to.countName]))}, nil
	case demand.mustNotExist(content, keys):
		return &putStamp{scope: ownCount, count: 1}, nil
	default:
		return nil, errPutAlike
	}
}

// carriesHistory reports whether an item carries a count or a time itself. A reset alone is no history.
func (s *Stamper) carriesHistory(content item) bool {
	for name, value := range content {
		if attribute, is := s.names.Parse(name); is && attribute.Kind != stamps.Reset && readPart(value).Known {
			return true
		}
	}
	return false
}

func next(count stamps.Part) int64 { return min(count.Value+1, stamps.MaxPart) }
