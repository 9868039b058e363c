package lastwriter

import (
	"fmt"
	"log/slog"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"lastwriter/internal/stamps"
)

// Stamper has the settings of one Stamp, and the memory that the clients it stamps share.
type Stamper struct {
	names    *stamps.Names
	clock    *clock
	tables   tableSettings
	memory   *memory
	tokens   Tokens
	region   string
	hide     bool
	strict   bool
	logger   *slog.Logger
	told     sync.Map
	replicas sync.Map // replicaID to *replica
	hosts    sync.Map // hostID to *replica
	// latest has the replica that was met last with a client's Region: the likely one of the next call.
	latest sync.Map // string to *replica
}

// New makes a Stamper, whose AddTo goes into APIOptions. Stamp is the short form of it. The error says which setting is wrong.
func New(options ...func(*Options)) (*Stamper, error) {
	o := Options{
		Prefix: "lw", Tokens: CountTokens, Hide: true, Remember: DefaultRemember, Encrypted: RefuseEncrypted,
	}
	for _, change := range options {
		change(&o)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	names, err := stamps.NewNames(o.Prefix)
	if err != nil {
		return nil, fmt.Errorf("lastwriter: %w", err)
	}
	made := &Stamper{
		names: names, clock: systemClock, memory: newMemory(o.Remember), tokens: o.Tokens, region: o.Region,
		hide: o.Hide, strict: o.Strict, logger: o.Logger,
	}
	if o.Clock != nil {
		made.clock = &clock{source: o.Clock}
	}
	made.tables.covered = o.Tables
	made.tables.refusesEncrypted = o.Encrypted == RefuseEncrypted
	made.tables.keys = make(map[string][]string, len(o.Keys))
	for table, names := range o.Keys {
		made.tables.keys[tableName(table)] = names
	}
	return made, nil
}

// putStamps are the stamps of a put; not made for one that could not be stamped.
type putStamps struct {
	stamps.Stamps
	made bool
}

// call is a call whose answer is awaited: what the caller asked for, what is sent, and the time in its stamp.
type call struct {
	asked, sent any
	to          *replica
	stamped     bool
	time        int64
	// puts are the stamps of a put, or of a transaction's, at the places of its writes.
	puts []putStamps
	// batch are the stamps of a batch's puts, by table, at the places of its writes.
	batch map[string][]putStamps
}

// stamp makes the request that is sent of the one that was asked for. An error only if the call must fail.
func (s *Stamper) stamp(to *replica, parameters any) (call, error) {
	made := call{asked: parameters, sent: parameters, to: to}
	var failed error
	err := guarded(func() error {
		switch in := parameters.(type) {
		case *dynamodb.UpdateItemInput:
			return s.updateItem(&made, in)
		case *dynamodb.PutItemInput:
			return s.putItem(&made, in)
		case *dynamodb.TransactWriteItemsInput:
			failed = s.transaction(&made, in)
		case *dynamodb.BatchWriteItemInput:
			failed = s.batch(&made, in)
		}
		return nil
	})
	if err != nil { // A write must not fail for its stamp.
		made = call{asked: parameters, sent: parameters, to: to}
		return made, s.failed(to, err)
	}
	return made, failed
}

// now is the time for the stamp of a call to a replica; an error if it cannot be stamped there.
func (s *Stamper) now(to *replica) (int64, error) {
	if to.wrong != nil {
		return 0, to.wrong
	}
	return s.clock.read()
}

func (s *Stamper) updateItem(made *call, in *dynamodb.UpdateItemInput) error {
	if !s.tables.covers(in.TableName) {
		return nil
	}
	now, err := s.now(made.to)
	if err != nil {
		return err
	}
	in, err = s.updateInput(made.to, in, now)
	if err == nil && in != nil {
		made.sent, made.stamped, made.time = in, true, now
	}
	return err
}

func (s *Stamper) putItem(made *call, in *dynamodb.PutItemInput) error {
	if !s.tables.covers(in.TableName) || in.Item == nil {
		return nil
	}
	now, err := s.now(made.to)
	if err != nil {
		return err
	}
	demand := condition{in.ConditionExpression, in.ExpressionAttributeNames, in.Expected, in.ConditionalOperator}
	content, stamped, err := s.put(made.to, tableName(*in.TableName), in.Item, &demand, s.stampTime(now))
	if err != nil {
		return err
	}
	sent := *in
	sent.Item = content
	made.sent, made.stamped, made.time, made.puts = &sent, true, now, []putStamps{stamped}
	return nil
}

// transaction stamps each write of a transaction on its own; one that cannot be goes on as it was. The error is that of
// strict.
func (s *Stamper) transaction(made *call, in *dynamodb.TransactWriteItemsInput) error {
	// The SDK writes the token that it makes up into the structure, so it gets one of ours, and the caller's stays.
	sent := *in
	made.sent = &sent
	alike := in.ClientRequestToken != nil
	if len(in.TransactItems) == 0 || (alike && s.tokens == LeaveTokens) {
		return nil
	}
	now, err := int64(0), error(nil)
	if alike && s.tokens == RememberTokens && made.to.wrong == nil {
		now, err = processTokens.recall(tokenID{made.to.region, *in.ClientRequestToken}, s.clock.read)
	} else {
		now, err = s.now(made.to)
	}
	time := s.stampTime(now)
	sent.TransactItems = make([]types.TransactWriteItem, len(in.TransactItems))
	copy(sent.TransactItems, in.TransactItems)
	made.puts = make([]putStamps, len(in.TransactItems))
	for at := range sent.TransactItems {
		write, failed := &sent.TransactItems[at], err
		if failed == nil {
			failed = guarded(func() error {
				var err error
				made.puts[at], err = s.transactWrite(made, write, time, alike)
				return err
			})
		} else if !s.coversWrite(write) {
			continue
		}
		if failed != nil {
			if failed = s.failed(made.to, failed); failed != nil {
				return failed
			}
		}
	}
	made.time = now
	return nil
}

func (s *Stamper) coversWrite(write *types.TransactWriteItem) bool {
	return (write.Update != nil && s.tables.covers(write.Update.TableName)) ||
		(write.Put != nil && s.tables.covers(write.Put.TableName))
}

// transactWrite stamps one write of a transaction. One with the caller's token (alike) may come from another process too,
// which remembers other items, so nothing goes into it that hangs on what was seen; and by default nothing that hangs on
// the time.
func (s *Stamper) transactWrite(made *call, write *types.TransactWriteItem, now stampTime, alike bool) (putStamps, error) {
	switch {
	case write.Update != nil && s.tables.covers(write.Update.TableName):
		update, err := s.transactUpdate(made.to, write.Update, now, alike)
		if err == nil && update != nil {
			write.Update, made.stamped = update, true
		}
		return putStamps{}, err
	case write.Put != nil && s.tables.covers(write.Put.TableName) && write.Put.Item != nil:
		put := *write.Put
		demand := condition{expression: put.ConditionExpression, names: put.ExpressionAttributeNames}
		var stamped putStamps
		var err error
		if alike {
			put.Item, stamped, err = s.putAlike(made.to, tableName(*put.TableName), put.Item, &demand, now)
		} else {
			put.Item, stamped, err = s.put(made.to, tableName(*put.TableName), put.Item, &demand, now)
		}
		if err == nil {
			write.Put, made.stamped = &put, true
		}
		return stamped, err
	}
	return putStamps{}, nil
}

// batch stamps each put of a batch on its own, like transaction.
func (s *Stamper) batch(made *call, in *dynamodb.BatchWriteItemInput) error {
	if len(in.RequestItems) == 0 {
		return nil
	}
	now, err := s.now(made.to)
	time := s.stampTime(now)
	sent := *in
	sent.RequestItems = make(map[string][]types.WriteRequest, len(in.RequestItems))
	made.batch = make(map[string][]putStamps, len(in.RequestItems))
	made.sent = &sent
	for name, requests := range in.RequestItems {
		if !s.tables.covers(&name) {
			sent.RequestItems[name] = requests
			continue
		}
		stamped := make([]types.WriteRequest, len(requests))
		copy(stamped, requests)
		puts := make([]putStamps, len(requests))
		for at, request := range requests {
			if request.PutRequest == nil || request.PutRequest.Item == nil {
				continue
			}
			failed := err
			if failed == nil {
				failed = guarded(func() error {
					content, its, err := s.put(made.to, tableName(name), request.PutRequest.Item, &condition{}, time)
					if err == nil {
						stamped[at].PutRequest = &types.PutRequest{Item: content}
						puts[at], made.stamped = its, true
					}
					return err
				})
			}
			if failed != nil {
				if failed = s.failed(made.to, failed); failed != nil {
					return failed
				}
			}
		}
		sent.RequestItems[name], made.batch[name] = stamped, puts
	}
	made.time = now
	return nil
}

// guarded turns a panic, of a function of the caller's above all, into an error: a write must not fail for its stamp.
func guarded(do func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{value}
		}
	}()
	return do()
}
