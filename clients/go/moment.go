package lastwriter

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"lastwriter/internal/stamps"
)

// moment is when and to where a call is stamped, and how. It has what all of the call's writes share.
type moment struct {
	to   *replica
	time int64
	// value is the time as an attribute value.
	value *types.AttributeValueMemberN
	// alike is set in a transaction with the caller's token, which may come from another process too. That one remembers
	// other items, so nothing goes into it that hangs on what was seen; and by default nothing that hangs on the time.
	alike bool
	// spliced is set where the stamps go into the serialised request, which costs less than to copy items and maps.
	spliced bool

	// The stamps of first writes, made where they are needed.
	createdStamp, resetStamp *putStamp
	// The texts of the latest update's clauses: most of a transaction's updates are stamped alike.
	latest  clauses
	members clauseMembers
}

func (s *Stamper) moment(to *replica, time int64, spliced bool) *moment {
	return &moment{to: to, time: time, value: number(time), spliced: spliced}
}

func (m *moment) first() stamps.Stamps {
	pair := stamps.Pair{N: stamps.NewPart(1), T: stamps.NewPart(m.time)}
	return stamps.Stamps{Pairs: []stamps.RegionPair{{Region: m.to.region, Pair: pair}}}
}

// created is the stamp of an item that is new.
func (m *moment) created() *putStamp {
	if m.createdStamp == nil {
		m.createdStamp = &putStamp{Stamps: m.first(), count: 1}
	}
	return m.createdStamp
}

// reset is the stamp of an item whose history is not known, and says so.
func (m *moment) reset() *putStamp {
	if m.resetStamp == nil {
		its := m.first()
		its.Reset = stamps.NewPart(m.time)
		m.resetStamp = &putStamp{Stamps: its, count: 1}
	}
	return m.resetStamp
}
