package lastwriter

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"lastwriter/internal/stamps"
)

// Stamper has the settings of one Stamp, and the memory that the clients it stamps share.
type Stamper struct {
	names  *stamps.Names
	clock  *clock
	tables tableSettings
	memory *memory
	tokens Tokens
	region string
	hide   bool
	strict bool
	// splicing: stamps may go into serialised requests. Not where the caller sees stamps, and so may put what has some.
	splicing bool
	// carried is how the name of each stamp attribute begins in JSON.
	carried  []byte
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
		splicing: o.Hide && isPlain(o.Prefix), carried: []byte(`"` + o.Prefix + ":"),
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

// call is a call whose answer is awaited: what the caller asked for, what is sent, and the time in its stamp.
type call struct {
	asked, sent any
	to          *replica
	// at is when and to where it is stamped; nil where nothing is.
	at *moment
	// splices go into the serialised request; nil where all is in sent, or nothing is stamped.
	splices *splices
	// puts are the stamps of a put, or of a transaction's puts, at the places of its writes; nil for one without.
	puts []*putStamp
	// batch are the stamps of a batch's puts, by table, at the places of its writes.
	batch map[string][]*putStamp
}

// errNotSpliced says that the stamps of a request cannot go into its body. It never leaves this package.
var errNotSpliced = errors.New("lastwriter: the stamps must go into the request's structures")

// stamp makes the request that is sent of the one that was asked for. An error only if the call must fail.
func (s *Stamper) stamp(to *replica, parameters any, splicing bool) (call, error) {
	made, err := s.tryToStamp(to, parameters, splicing && s.splicing)
	if errors.Is(err, errNotSpliced) {
		made, err = s.tryToStamp(to, parameters, false)
	}
	return made, err
}

func (s *Stamper) tryToStamp(to *replica, parameters any, splicing bool) (call, error) {
	made := call{asked: parameters, sent: parameters, to: to}
	var failed error
	err := guarded(func() error {
		switch in := parameters.(type) {
		case *dynamodb.UpdateItemInput:
			return s.updateItem(&made, in, splicing)
		case *dynamodb.PutItemInput:
			return s.putItem(&made, in, splicing)
		case *dynamodb.TransactWriteItemsInput:
			failed = s.transaction(&made, in, splicing)
		case *dynamodb.BatchWriteItemInput:
			failed = s.batch(&made, in, splicing)
		}
		return nil
	})
	switch {
	case err == nil:
		return made, failed
	case errors.Is(err, errNotSpliced):
		return made, err
	default: // A write must not fail for its stamp.
		return call{asked: parameters, sent: parameters, to: to}, s.failed(to, err)
	}
}

// now is the moment of a call to a replica; an error if it cannot be stamped there.
func (s *Stamper) now(to *replica, splicing bool) (*moment, *splices, error) {
	if to.wrong != nil {
		return nil, nil, to.wrong
	}
	now, err := s.clock.read()
	m := s.moment(to, now, splicing)
	return m, &splices{at: m, names: s.names, carried: s.carried}, err
}

func (s *Stamper) updateItem(made *call, in *dynamodb.UpdateItemInput, splicing bool) error {
	if !s.tables.covers(in.TableName) {
		return nil
	}
	m, p, err := s.now(made.to, splicing)
	if err != nil {
		return err
	}
	sent, err := s.updateInput(m, p, in)
	switch {
	case err != nil:
		return err
	case splicing:
		made.splices, made.at = p, m
	case sent != in: // Else the caller stamps by hand, with a time of its own.
		made.sent, made.at = sent, m
	}
	return nil
}

func (s *Stamper) putItem(made *call, in *dynamodb.PutItemInput, splicing bool) error {
	if !s.tables.covers(in.TableName) || in.Item == nil {
		return nil
	}
	m, p, err := s.now(made.to, splicing)
	if err != nil {
		return err
	}
	demand := condition{in.ConditionExpression, in.ExpressionAttributeNames, in.Expected, in.ConditionalOperator}
	stamp, err := s.putStamp(m, s.table(m.to, *in.TableName), in.Item, &demand)
	if err != nil {
		return err
	}
	made.at, made.puts = m, []*putStamp{stamp}
	if splicing {
		p.puts = append(p.puts, stamp)
		p.texts(updateText{names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues}, updateStamp{})
		made.splices = p
		return nil
	}
	sent := *in
	sent.Item = s.stamped(m, in.Item, stamp)
	made.sent = &sent
	return nil
}

// transaction stamps each write of a transaction on its own; one that cannot be goes on as it was. The error is that of
// strict, or that it cannot be spliced.
func (s *Stamper) transaction(made *call, in *dynamodb.TransactWriteItemsInput, splicing bool) error {
	// The SDK writes the token that it makes up into the structure, so it gets one of ours, and the caller's stays.
	sent := *in
	made.sent = &sent
	alike := in.ClientRequestToken != nil
	if len(in.TransactItems) == 0 || (alike && s.tokens == LeaveTokens) {
		return nil
	}
	m, p, err := s.now(made.to, splicing)
	if err == nil && alike && s.tokens == RememberTokens {
		var time int64
		time, err = processTokens.recall(tokenID{made.to.region, *in.ClientRequestToken}, func() (int64, error) { return m.time, nil })
		m = s.moment(made.to, time, splicing)
		p.at = m
	}
	if err == nil {
		made.at, m.alike = m, alike
	}
	if !splicing {
		sent.TransactItems = slices.Clone(in.TransactItems)
	}
	made.puts = make([]*putStamp, len(in.TransactItems))
	if splicing && err == nil {
		p.expect(len(in.TransactItems))
	}
	for at := range in.TransactItems {
		write, failed := &sent.TransactItems[at], err
		if failed == nil {
			made.puts[at], failed = s.transactWrite(m, p, write)
		} else if !s.coversWrite(write) {
			continue
		}
		if errors.Is(failed, errNotSpliced) {
			return failed
		}
		if failed != nil {
			if failed = s.failed(made.to, failed); failed != nil {
				return failed
			}
		}
	}
	if splicing && err == nil {
		made.splices = p
	}
	return nil
}

func (s *Stamper) coversWrite(write *types.TransactWriteItem) bool {
	return (write.Update != nil && s.tables.covers(write.Update.TableName)) ||
		(write.Put != nil && s.tables.covers(write.Put.TableName))
}

// transactWrite stamps one write of a transaction. Where stamps are spliced nothing is changed, and each write is told of.
func (s *Stamper) transactWrite(m *moment, p *splices, write *types.TransactWriteItem) (_ *putStamp, err error) {
	defer recovered(&err)
	switch {
	case write.Update != nil:
		if !s.tables.covers(write.Update.TableName) {
			of := write.Update
			p.texts(updateText{of.UpdateExpression, nil, of.ExpressionAttributeNames, of.ExpressionAttributeValues}, updateStamp{})
			return nil, nil
		}
		update, err := s.transactUpdate(m, p, write.Update)
		if err == nil && !m.spliced {
			write.Update = update
		}
		return nil, err
	case write.Put != nil:
		of := write.Put
		p.texts(updateText{names: of.ExpressionAttributeNames, values: of.ExpressionAttributeValues}, updateStamp{})
		var stamp *putStamp
		if s.tables.covers(of.TableName) && of.Item != nil {
			demand := condition{expression: of.ConditionExpression, names: of.ExpressionAttributeNames}
			stamp, err = s.putStamp(m, s.table(m.to, *of.TableName), of.Item, &demand)
		}
		p.puts = append(p.puts, stamp)
		if stamp != nil && !m.spliced {
			stamped := *of
			stamped.Item = s.stamped(m, of.Item, stamp)
			write.Put = &stamped
		}
		return stamp, err
	case write.Delete != nil:
		p.texts(updateText{names: write.Delete.ExpressionAttributeNames, values: write.Delete.ExpressionAttributeValues}, updateStamp{})
	case write.ConditionCheck != nil:
		of := write.ConditionCheck
		p.texts(updateText{names: of.ExpressionAttributeNames, values: of.ExpressionAttributeValues}, updateStamp{})
	}
	return nil, nil
}

// batch stamps each put of a batch on its own, like transaction.
func (s *Stamper) batch(made *call, in *dynamodb.BatchWriteItemInput, splicing bool) error {
	if len(in.RequestItems) == 0 {
		return nil
	}
	if splicing && len(in.RequestItems) > 1 {
		return errNotSpliced // In which order the SDK writes tables is its own affair.
	}
	m, p, err := s.now(made.to, splicing)
	sent := *in
	if !splicing {
		made.sent = &sent
		sent.RequestItems = make(map[string][]types.WriteRequest, len(in.RequestItems))
	}
	made.batch = make(map[string][]*putStamp, len(in.RequestItems))
	for name, requests := range in.RequestItems {
		if !splicing {
			sent.RequestItems[name] = slices.Clone(requests)
		}
		if !s.tables.covers(&name) {
			if splicing {
				return nil
			}
			continue
		}
		stamps, its := make([]*putStamp, len(requests)), s.table(made.to, name)
		for at, request := range requests {
			if request.PutRequest == nil || request.PutRequest.Item == nil {
				continue
			}
			failed := err
			if failed == nil {
				stamps[at], failed = s.batchPut(m, its, request.PutRequest.Item)
				p.puts = append(p.puts, stamps[at])
			}
			if failed != nil {
				if failed = s.failed(made.to, failed); failed != nil {
					return failed
				}
			}
			if stamps[at] != nil && !splicing {
				sent.RequestItems[name][at].PutRequest = &types.PutRequest{Item: s.stamped(m, request.PutRequest.Item, stamps[at])}
			}
		}
		made.batch[name] = stamps
	}
	if err == nil {
		made.at = m
		if splicing && len(p.puts) > 0 {
			made.splices = p
		}
	}
	return nil
}

// batchPut is the stamp of a put of a batch. It is guarded like the others.
func (s *Stamper) batchPut(m *moment, its *table, content item) (stamp *putStamp, err error) {
	defer recovered(&err)
	return s.putStamp(m, its, content, &condition{})
}

// guarded turns a panic, of a function of the caller's above all, into an error: a write must not fail for its stamp.
func guarded(do func() error) (err error) {
	defer recovered(&err)
	return do()
}

func recovered(err *error) {
	if value := recover(); value != nil {
		*err = &panicError{value}
	}
}
