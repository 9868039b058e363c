package lastwriter

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"lastwriter/internal/stamps"
)

// stampTime is the time of a stamp, and the attribute value of it that all of a call's writes share.
type stampTime struct {
	micros int64
	value  *types.AttributeValueMemberN
}

var (
	// one is the count of a first write, and what an update adds. Nothing changes it.
	one = &types.AttributeValueMemberN{Value: "1"}

	errPutAlike = &StampError{Reason: "a put without stamps, in a transaction with your own ClientRequestToken, may not " +
		"differ between processes: give it a condition that the item must not exist, its stamps, or set Tokens to RememberTokens"}
)

func (s *Stamper) stampTime(now int64) stampTime { return stampTime{now, number(now)} }

// put is an item with its stamps: the history that it carries, that its process has seen, or word that it has none.
func (s *Stamper) put(to *replica, table string, content item, demand *condition, now stampTime) (item, putStamps, error) {
	if err := s.tables.refuseEncrypted(table, content); err != nil {
		return nil, putStamps{}, err
	}
	return s.stampPut(to, content, demand, now, s.tables.keys[table], func() (stamps.Stamps, bool) {
		return s.memory.find(s.table(to, table), content)
	})
}

func (s *Stamper) stampPut(
	to *replica, content item, demand *condition, now stampTime, keys []string, seen func() (stamps.Stamps, bool),
) (item, putStamps, error) {
	if s.carriesHistory(content) {
		stamped := with(content, 2)
		stamped[to.timeName], stamped[to.countName] = now.value, number(next(readPart(content[to.countName])))
		return stamped, putStamps{readStamps(s.names, stamped), true}, nil
	}
	first := stamps.Pair{N: stamps.NewPart(1), T: stamps.NewPart(now.micros)}
	made := stamps.Stamps{Pairs: []stamps.RegionPair{{Region: to.region, Pair: first}}}
	if demand.mustNotExist(content, keys) {
		stamped := with(content, 2)
		stamped[to.timeName], stamped[to.countName] = now.value, one
		return stamped, putStamps{made, true}, nil
	}
	known, is := seen()
	if !is || len(known.Pairs) == 0 {
		stamped := with(content, 3)
		stamped[to.timeName], stamped[to.countName], stamped[s.names.Reset] = now.value, one, now.value
		made.Reset = first.T
		return stamped, putStamps{made, true}, nil
	}
	own, _ := known.Pair(to.region)
	made = known.With(to.region, stamps.Pair{N: stamps.NewPart(next(own.N)), T: first.T})
	stamped := with(content, 2*len(made.Pairs)+1)
	addStamps(s.names, stamped, made)
	return stamped, putStamps{made, true}, nil
}

// putAlike stamps a put as any process would, in a transaction with the caller's token.
func (s *Stamper) putAlike(to *replica, table string, content item, demand *condition, now stampTime) (item, putStamps, error) {
	if err := s.tables.refuseEncrypted(table, content); err != nil {
		return nil, putStamps{}, err
	}
	keys := s.tables.keys[table]
	if s.tokens == RememberTokens {
		return s.stampPut(to, content, demand, now, keys, func() (stamps.Stamps, bool) { return stamps.Stamps{}, false })
	}
	count := one
	if s.carriesHistory(content) {
		count = number(next(readPart(content[to.countName])))
	} else if !demand.mustNotExist(content, keys) {
		return nil, putStamps{}, errPutAlike
	}
	stamped := with(content, 1)
	stamped[to.countName] = count
	// What it wrote to is forgotten, so its stamps are nothing to remember.
	return stamped, putStamps{made: true}, nil
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
