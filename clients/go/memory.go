package lastwriter

import (
	"container/list"
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"lastwriter/internal/stamps"
)

type item = map[string]types.AttributeValue

// table is one replica of a table. The same table in another Region is another one: what was seen there may not be here.
type table struct {
	endpoint, name string
	// keyNames are the names of its key attributes, sorted; nil where no request has told them yet.
	keyNames atomic.Pointer[[]string]
	// number tells its items from those of others. Forgetting a table is a new number for it: its items are never found
	// again, and drop out in time.
	number atomic.Uint64
}

// memory has the stamps that a process has seen, by table and key, for any number of goroutines. A put that carries no
// stamps takes them from here: it claims to have seen what its process has really seen, and so keeps the history that
// most mappers drop. The lock is never held across a call.
type memory struct {
	capacity int
	lock     sync.Mutex
	items    map[string]*list.Element
	// used has the items in the order of their use, the latest first.
	used    list.List
	tables  sync.Map // tableID to *table
	numbers atomic.Uint64
}

type tableID struct{ endpoint, name string }

// remembered is an element of memory.used.
type remembered struct {
	key    string
	stamps stamps.Stamps
}

func newMemory(capacity int) *memory {
	return &memory{capacity: capacity, items: map[string]*list.Element{}}
}

// table is the table of this name at an endpoint.
func (m *memory) table(endpoint, name string) *table {
	id := tableID{endpoint, name}
	if known, is := m.tables.Load(id); is {
		return known.(*table)
	}
	made := &table{endpoint: endpoint, name: name}
	made.number.Store(m.numbers.Add(1))
	known, _ := m.tables.LoadOrStore(id, made)
	return known.(*table)
}

// learnKey takes the names from a Key that DynamoDB took: it refuses one with too few or too many attributes.
func (t *table) learnKey(key item) {
	known := t.keys()
	if len(known) == len(key) && !slices.ContainsFunc(known, func(name string) bool { _, is := key[name]; return !is }) {
		return
	}
	names := make([]string, 0, len(key))
	for name := range key {
		names = append(names, name)
	}
	t.learnKeyNames(names)
}

func (t *table) learnKeyNames(names []string) {
	if len(names) == 0 {
		return
	}
	sorted := slices.Clone(names)
	slices.Sort(sorted)
	t.keyNames.Store(&sorted)
}

// keys are the names of the key attributes, nil where they are not known.
func (t *table) keys() []string {
	if names := t.keyNames.Load(); names != nil {
		return *names
	}
	return nil
}

// find is what is remembered of the item with this key: a Key, or an item with all its key attributes.
func (m *memory) find(t *table, content item) (stamps.Stamps, bool) {
	var buffer [keyRoom]byte
	key := m.appendKey(buffer[:0], t, content)
	if key == nil {
		return stamps.Stamps{}, false
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	element := m.items[string(key)]
	if element == nil {
		return stamps.Stamps{}, false
	}
	m.used.MoveToFront(element)
	return element.Value.(*remembered).stamps, true
}

// add remembers stamps that were seen. Nothing older replaces what is known.
func (m *memory) add(t *table, content item, seen stamps.Stamps) {
	if seen.IsEmpty() {
		return
	}
	var buffer [keyRoom]byte
	key := m.appendKey(buffer[:0], t, content)
	if key == nil {
		return
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	if element := m.items[string(key)]; element != nil {
		its := element.Value.(*remembered)
		its.stamps = its.stamps.Later(seen)
		m.used.MoveToFront(element)
		return
	}
	m.put(string(key), seen)
}

// put remembers an item that is not. The lock is held.
func (m *memory) put(key string, seen stamps.Stamps) {
	m.items[key] = m.used.PushFront(&remembered{key, seen})
	if len(m.items) > m.capacity {
		delete(m.items, m.used.Remove(m.used.Back()).(*remembered).key)
	}
}

// replace remembers these stamps and no others: the item is new.
func (m *memory) replace(t *table, content item, seen stamps.Stamps) {
	m.changeTo(t, content, func(stamps.Stamps, bool) (stamps.Stamps, bool) { return seen, true })
}

// change changes what is remembered of an item; where nothing is, nothing is known.
func (m *memory) change(t *table, content item, change func(stamps.Stamps) stamps.Stamps) {
	m.changeTo(t, content, func(known stamps.Stamps, is bool) (stamps.Stamps, bool) {
		if !is {
			return known, false
		}
		return change(known), true
	})
}

func (m *memory) forget(t *table, content item) {
	m.changeTo(t, content, func(stamps.Stamps, bool) (stamps.Stamps, bool) { return stamps.Stamps{}, false })
}

func (m *memory) forgetTable(t *table) { t.number.Store(m.numbers.Add(1)) }

// forgetTables forgets every table of an endpoint whose name is among those.
func (m *memory) forgetTables(endpoint string, named func(string) bool) {
	m.tables.Range(func(id, known any) bool {
		if id := id.(tableID); id.endpoint == endpoint && named(id.name) {
			m.forgetTable(known.(*table))
		}
		return true
	})
}

func (m *memory) changeTo(t *table, content item, change func(stamps.Stamps, bool) (stamps.Stamps, bool)) {
	var buffer [keyRoom]byte
	key := m.appendKey(buffer[:0], t, content)
	if key == nil {
		return
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	element := m.items[string(key)]
	var known stamps.Stamps
	if element != nil {
		known = element.Value.(*remembered).stamps
	}
	found, keep := change(known, element != nil)
	switch {
	case element != nil && keep:
		element.Value.(*remembered).stamps = found
		m.used.MoveToFront(element)
	case element != nil:
		m.used.Remove(element)
		delete(m.items, string(key))
	case keep:
		m.put(string(key), found)
	}
}

// keyRoom is enough for most keys, so that they need no memory of their own to be looked up.
const keyRoom = 128

// key is what tells this item from all others. Empty where nothing is remembered, the names of its key attributes are not
// known, a projection left one out, or DynamoDB will refuse it.
func (m *memory) key(t *table, content item) string {
	var buffer [keyRoom]byte
	return string(m.appendKey(buffer[:0], t, content))
}

func (m *memory) appendKey(buffer []byte, t *table, content item) []byte {
	names := t.keys()
	if m.capacity == 0 || len(names) == 0 {
		return nil
	}
	buffer = binary.AppendUvarint(buffer, t.number.Load())
	for _, name := range names {
		var ok bool
		if buffer, ok = appendKeyValue(buffer, content[name]); !ok {
			return nil
		}
	}
	return buffer
}

// appendKeyValue adds a key attribute's value in a form that is equal where DynamoDB's keys are: 1 and 1.0 are one key.
// Its length goes before it, so that two values in a row are told apart.
func appendKeyValue(buffer []byte, value types.AttributeValue) ([]byte, bool) {
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		buffer = binary.AppendUvarint(append(buffer, 'S'), uint64(len(value.Value)))
		return append(buffer, value.Value...), true
	case *types.AttributeValueMemberB:
		buffer = binary.AppendUvarint(append(buffer, 'B'), uint64(len(value.Value)))
		return append(buffer, value.Value...), true
	case *types.AttributeValueMemberN:
		number, ok := stamps.ParseDecimal(value.Value)
		if !ok {
			return buffer, false
		}
		sign := byte('+')
		if number.Negative {
			sign = '-'
		}
		buffer = binary.AppendVarint(append(buffer, 'N', sign), int64(number.Exponent))
		buffer = binary.AppendUvarint(buffer, uint64(len(number.Digits)))
		return append(buffer, number.Digits...), true
	default:
		return buffer, false
	}
}
