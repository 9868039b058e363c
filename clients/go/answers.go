package lastwriter

import (
	"errors"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"lastwriter/internal/stamps"
)

// What is done with DynamoDB's answers: the stamps in them are remembered, and hidden from the caller.
//
// An answer tells what its process has now seen, a write that went through what it has written. Where an answer leaves it
// open what an item's stamps are now, the item is forgotten: its next put says that it knows no history.

// watched reports whether an operation's answers are looked at.
func watched(parameters any) bool {
	switch parameters.(type) {
	case *dynamodb.UpdateItemInput, *dynamodb.PutItemInput, *dynamodb.DeleteItemInput,
		*dynamodb.BatchWriteItemInput, *dynamodb.TransactWriteItemsInput,
		*dynamodb.GetItemInput, *dynamodb.BatchGetItemInput, *dynamodb.TransactGetItemsInput,
		*dynamodb.QueryInput, *dynamodb.ScanInput,
		*dynamodb.ExecuteStatementInput, *dynamodb.BatchExecuteStatementInput, *dynamodb.ExecuteTransactionInput,
		*dynamodb.DescribeTableInput, *dynamodb.CreateTableInput, *dynamodb.DeleteTableInput:
		return true
	}
	return false
}

// read is told of the answer of a call that went through. It changes it in place.
func (s *Stamper) read(made *call, answer any) {
	switch out := answer.(type) {
	case *dynamodb.GetItemOutput:
		in := made.sent.(*dynamodb.GetItemInput)
		s.oneItem(made.to, in.TableName, in.Key, isProjected(in.ProjectionExpression, in.AttributesToGet), out.Item)
	case *dynamodb.QueryOutput:
		in := made.sent.(*dynamodb.QueryInput)
		read := pageRead{in.TableName, isProjected(in.ProjectionExpression, in.AttributesToGet), isSet(in.IndexName)}
		s.page(made.to, read, out.LastEvaluatedKey, out.Items)
	case *dynamodb.ScanOutput:
		in := made.sent.(*dynamodb.ScanInput)
		read := pageRead{in.TableName, isProjected(in.ProjectionExpression, in.AttributesToGet), isSet(in.IndexName)}
		s.page(made.to, read, out.LastEvaluatedKey, out.Items)
	case *dynamodb.BatchGetItemOutput:
		s.batchRead(made, out)
	case *dynamodb.TransactGetItemsOutput:
		entries := made.sent.(*dynamodb.TransactGetItemsInput).TransactItems
		for at := range min(len(entries), len(out.Responses)) {
			if get := entries[at].Get; get != nil {
				s.oneItem(made.to, get.TableName, get.Key, isProjected(get.ProjectionExpression, nil), out.Responses[at].Item)
			}
		}
	case *dynamodb.UpdateItemOutput:
		in := made.sent.(*dynamodb.UpdateItemInput)
		asked := made.asked.(*dynamodb.UpdateItemInput).ExpressionAttributeNames
		s.written(made, write{update, in.TableName, in.Key, nil}, in.ReturnValues, asked, &out.Attributes)
	case *dynamodb.PutItemOutput:
		in := made.sent.(*dynamodb.PutItemInput)
		its := write{put, in.TableName, in.Item, made.putAt(0)}
		s.written(made, its, in.ReturnValues, in.ExpressionAttributeNames, &out.Attributes)
	case *dynamodb.DeleteItemOutput:
		in := made.sent.(*dynamodb.DeleteItemInput)
		s.written(made, write{remove, in.TableName, in.Key, nil}, in.ReturnValues, in.ExpressionAttributeNames, &out.Attributes)
	case *dynamodb.BatchWriteItemOutput:
		s.batchWritten(made, out)
	case *dynamodb.TransactWriteItemsOutput:
		if made.asked.(*dynamodb.TransactWriteItemsInput).ClientRequestToken != nil {
			// It may have been made before, under the same token, and then it was not made again now.
			s.lost(made)
			return
		}
		for write := range made.writes() {
			s.wrote(made, write)
		}
	case *dynamodb.ExecuteStatementOutput:
		s.statementRead(made, out.Items)
	case *dynamodb.BatchExecuteStatementOutput:
		items := make([]item, len(out.Responses))
		for at := range out.Responses {
			items[at] = out.Responses[at].Item
		}
		s.statementRead(made, items)
	case *dynamodb.ExecuteTransactionOutput:
		items := make([]item, len(out.Responses))
		for at := range out.Responses {
			items[at] = out.Responses[at].Item
		}
		s.statementRead(made, items)
	case *dynamodb.DescribeTableOutput:
		s.described(made.to, out.Table)
	case *dynamodb.CreateTableOutput:
		s.described(made.to, out.TableDescription)
	case *dynamodb.DeleteTableOutput:
		if name := made.sent.(*dynamodb.DeleteTableInput).TableName; name != nil {
			s.memory.forgetTable(s.table(made.to, *name))
		}
	}
}

// refused is told of a call that DynamoDB refused. The error may hold items, where the caller asked for them.
func (s *Stamper) refused(made *call, err error) {
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) && failed.Item != nil {
		for write := range made.writes() {
			if write.kind != put && s.tables.covers(write.table) {
				s.table(made.to, *write.table).learnKey(write.content)
			}
			s.wholeItem(made.to, write.table, failed.Item, write.content)
		}
	}
	var cancelled *types.TransactionCanceledException
	if in, is := made.sent.(*dynamodb.TransactWriteItemsInput); is && errors.As(err, &cancelled) {
		for at := range min(len(in.TransactItems), len(cancelled.CancellationReasons)) {
			if found := cancelled.CancellationReasons[at].Item; found != nil {
				write := made.transactWrite(at)
				s.wholeItem(made.to, write.table, found, write.content)
			}
		}
	}
}

// lost is told that no answer came, or one that leaves open whether the write was made: what it wrote to is not known now.
func (s *Stamper) lost(made *call) {
	for write := range made.writes() {
		if write.table != nil {
			s.memory.forget(s.table(made.to, *write.table), write.content)
		}
	}
	if statements := made.statements(); statements != "" {
		s.forgetTablesIn(made.to, statements)
	}
}

// Reads

// isProjected reports whether a read asks for some attributes by name: then it tells nothing of stamps, and hides none.
func isProjected(projection *string, attributes []string) bool {
	return isSet(projection) || len(attributes) > 0
}

func isSet(text *string) bool { return text != nil && *text != "" }

// oneItem is told of an item that was read by its key; nil where there was none.
func (s *Stamper) oneItem(to *replica, table *string, key item, projected bool, found item) {
	if !s.tables.covers(table) {
		return
	}
	its := s.table(to, *table)
	its.learnKey(key)
	if found == nil || projected {
		s.memory.forget(its, key)
	} else {
		s.wholeItem(to, table, found, key)
	}
}

// wholeItem is told of an item with all that is in it: remember its stamps, and hide them.
func (s *Stamper) wholeItem(to *replica, table *string, found, key item) {
	if !s.tables.covers(table) {
		return
	}
	s.tables.notice(tableName(*table), found)
	if seen := readStamps(s.names, found); !seen.IsEmpty() {
		s.memory.add(s.table(to, *table), key, seen)
	}
	if s.hide {
		maps.DeleteFunc(found, func(name string, _ types.AttributeValue) bool { return s.names.Is(name) })
	}
}

type pageRead struct {
	table                *string
	projected, fromIndex bool
}

func (s *Stamper) page(to *replica, read pageRead, last item, found []item) {
	if !s.tables.covers(read.table) {
		return
	}
	if len(last) > 0 && !read.fromIndex {
		s.table(to, *read.table).learnKey(last)
	}
	s.several(to, read, found)
}

// several is told of items that were read together, and tell their keys themselves.
func (s *Stamper) several(to *replica, read pageRead, found []item) {
	for _, one := range found {
		// An index may leave the stamps out, and then says nothing of them.
		if read.projected || (read.fromIndex && !s.hasStamps(one)) {
			s.memory.forget(s.table(to, *read.table), one)
		} else {
			s.wholeItem(to, read.table, one, one)
		}
	}
}

func (s *Stamper) hasStamps(content item) bool {
	for name := range content {
		if s.names.Is(name) {
			return true
		}
	}
	return false
}

func (s *Stamper) batchRead(made *call, out *dynamodb.BatchGetItemOutput) {
	requests := made.sent.(*dynamodb.BatchGetItemInput).RequestItems
	for name, found := range out.Responses {
		request := requests[name]
		if len(request.Keys) == 0 || !s.tables.covers(&name) {
			continue
		}
		table := s.table(made.to, name)
		table.learnKey(request.Keys[0])
		if isProjected(request.ProjectionExpression, request.AttributesToGet) {
			for _, key := range request.Keys {
				s.memory.forget(table, key)
			}
			continue
		}
		unprocessed := out.UnprocessedKeys[name].Keys
		if len(found)+len(unprocessed) < len(request.Keys) {
			there := map[string]bool{}
			for _, one := range slices.Concat(found, unprocessed) {
				there[s.memory.key(table, one)] = true
			}
			for _, key := range request.Keys {
				if !there[s.memory.key(table, key)] {
					s.memory.forget(table, key)
				}
			}
		}
		s.several(made.to, pageRead{table: &name}, found)
	}
}

// Writes

// written is told of the answer of a single write, with the attributes that it returns.
func (s *Stamper) written(made *call, its write, returned types.ReturnValue, asked map[string]string, attributes *item) {
	if !s.tables.covers(its.table) {
		return
	}
	table := s.table(made.to, *its.table)
	if its.kind != put {
		table.learnKey(its.content)
	}
	if returned == types.ReturnValueAllNew && len(*attributes) > 0 {
		s.memory.add(table, its.content, readStamps(s.names, *attributes))
	} else {
		if returned == types.ReturnValueAllOld {
			s.memory.add(table, its.content, readStamps(s.names, *attributes))
		}
		s.wrote(made, its)
	}
	if !s.hide || !s.hasStamps(*attributes) {
		return
	}
	maps.DeleteFunc(*attributes, func(name string, _ types.AttributeValue) bool {
		return s.names.Is(name) && !slices.Contains(slices.Collect(maps.Values(asked)), name)
	})
	if len(*attributes) == 0 {
		*attributes = nil // Without the stamp there would have been nothing to return.
	}
}

// wrote is told of a write that was made.
func (s *Stamper) wrote(made *call, its write) {
	if !s.tables.covers(its.table) {
		return
	}
	table := s.table(made.to, *its.table)
	if its.kind != put {
		table.learnKey(its.content)
	}
	switch its.kind {
	case remove:
		s.memory.forget(table, its.content)
	case put:
		s.wrotePut(made.to, table, its.content, its.stamps)
	case update:
		region := made.to.region
		s.memory.change(table, its.content, func(known stamps.Stamps) stamps.Stamps {
			own, _ := known.Pair(region)
			time := stamps.NewPart(max(made.time(), own.T.Value))
			return known.With(region, stamps.Pair{N: stamps.NewPart(own.N.Value + 1), T: time})
		})
	case check:
	}
}

func (s *Stamper) wrotePut(to *replica, table *table, content item, its *putStamp) {
	var own stamps.Pair
	is := false
	if its != nil {
		own, is = its.Pair(to.region)
	}
	switch {
	case !is:
		s.memory.forget(table, content) // It could not be stamped.
	case own.N == stamps.NewPart(1) && len(its.Pairs) == 1 && !its.Reset.Known:
		s.memory.replace(table, content, its.Stamps) // Its condition said that there was none.
	default:
		s.memory.add(table, content, its.Stamps)
	}
}

// Statements and tables

func (s *Stamper) statementRead(made *call, found []item) {
	statements := made.statements()
	s.forgetTablesIn(made.to, statements)
	if !s.hide || containsPrefix(statements, s.names.Prefix) {
		return
	}
	for _, one := range found {
		maps.DeleteFunc(one, func(name string, _ types.AttributeValue) bool { return s.names.Is(name) })
	}
}

func (s *Stamper) described(to *replica, description *types.TableDescription) {
	if description == nil || !s.tables.covers(description.TableName) {
		return
	}
	var names []string
	for _, key := range description.KeySchema {
		if key.AttributeName != nil {
			names = append(names, *key.AttributeName)
		}
	}
	s.table(to, *description.TableName).learnKeyNames(names)
}
