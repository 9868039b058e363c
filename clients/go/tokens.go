package lastwriter

import (
	"container/list"
	"sync"
	"time"
)

const (
	rememberedFor = 10 * time.Minute
	// tokenCapacity is about 20 MB. Beyond it the token used longest ago is forgotten early.
	tokenCapacity = 100_000
)

// tokenMemory has the time stamped for each ClientRequestToken until ten minutes after its last use, so that a
// transaction sent again is the same transaction.
//
// DynamoDB answers a token that comes back with other parameters with IdempotentParameterMismatchException, for ten
// minutes after the first request with that token is done (API reference of TransactWriteItems).
type tokenMemory struct {
	now      func() time.Time
	capacity int
	lock     sync.Mutex
	entries  map[tokenID]*list.Element
	// used has the tokens in the order of their use, the latest first.
	used list.List
}

type tokenID struct{ region, token string }

type tokenEntry struct {
	id   tokenID
	used time.Time
	time int64
}

// processTokens is one for the process: a retry may well use another client.
var processTokens = newTokenMemory(time.Now, tokenCapacity)

func newTokenMemory(now func() time.Time, capacity int) *tokenMemory {
	return &tokenMemory{now: now, capacity: capacity, entries: map[tokenID]*list.Element{}}
}

// recall is what was made for this token, or what make gives now.
func (m *tokenMemory) recall(id tokenID, make func() (int64, error)) (int64, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	now := m.now()
	if element := m.entries[id]; element != nil {
		if entry := element.Value.(*tokenEntry); now.Sub(entry.used) < rememberedFor {
			entry.used = now
			m.used.MoveToFront(element)
			return entry.time, nil
		}
	}
	made, err := make()
	if err != nil {
		return 0, err
	}
	// What has just run out is among those that go.
	for oldest := m.used.Back(); oldest != nil; oldest = m.used.Back() {
		entry := oldest.Value.(*tokenEntry)
		if now.Sub(entry.used) < rememberedFor && len(m.entries) < m.capacity {
			break
		}
		m.used.Remove(oldest)
		delete(m.entries, entry.id)
	}
	m.entries[id] = m.used.PushFront(&tokenEntry{id, now, made})
	return made, nil
}
