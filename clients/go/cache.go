package lastwriter

import "sync"

// Applications send few different expressions, since values are placeholders. What was found of them is kept.
var (
	absences = newCache[string, *formula](1024)
	updates  = newCache[string, *updateExpression](1024)
	extended = newCache[extensionKey, extendedText](1024)
)

// cache keeps what was made for a key. When it is full it begins anew: that costs less than to keep an order of use, and
// an application whose texts do not fit makes them all the time anyway.
type cache[K comparable, V any] struct {
	capacity int
	lock     sync.RWMutex
	made     map[K]V
}

func newCache[K comparable, V any](capacity int) *cache[K, V] {
	return &cache[K, V]{capacity: capacity, made: map[K]V{}}
}

func (c *cache[K, V]) get(key K, make func(K) V) V {
	c.lock.RLock()
	value, is := c.made[key]
	c.lock.RUnlock()
	if is {
		return value
	}
	value = make(key)
	c.lock.Lock()
	defer c.lock.Unlock()
	if len(c.made) >= c.capacity {
		clear(c.made)
	}
	c.made[key] = value
	return value
}
