package lastwriter

import (
	"iter"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// writeKind is what a write of a call does.
type writeKind int

const (
	put writeKind = iota
	update
	remove
	// check is a transaction's condition check, which writes nothing.
	check
)

// write is one write of a call.
type write struct {
	kind  writeKind
	table *string
	// content has the key attributes: a Key, or the item of a put.
	content item
	stamps  *putStamp
}

func (c *call) putAt(at int) *putStamp {
	if at < len(c.puts) {
		return c.puts[at]
	}
	return nil
}

// time is that of the call's stamp, 0 where it has none.
func (c *call) time() int64 {
	if c.at == nil {
		return 0
	}
	return c.at.time
}

// writes are the writes of a call.
func (c *call) writes() iter.Seq[write] {
	return func(yield func(write) bool) {
		switch in := c.sent.(type) {
		case *dynamodb.PutItemInput:
			yield(write{put, in.TableName, in.Item, c.putAt(0)})
		case *dynamodb.UpdateItemInput:
			yield(write{update, in.TableName, in.Key, nil})
		case *dynamodb.DeleteItemInput:
			yield(write{remove, in.TableName, in.Key, nil})
		case *dynamodb.TransactWriteItemsInput:
			for at := range in.TransactItems {
				if its := c.transactWrite(at); its.kind != check && !yield(its) {
					return
				}
			}
		case *dynamodb.BatchWriteItemInput:
			for name, requests := range in.RequestItems {
				for at := range requests {
					if its, is := c.batchWrite(name, requests, at); is && !yield(its) {
						return
					}
				}
			}
		}
	}
}

func (c *call) transactWrite(at int) write {
	switch entry := c.sent.(*dynamodb.TransactWriteItemsInput).TransactItems[at]; {
	case entry.Put != nil:
		return write{put, entry.Put.TableName, entry.Put.Item, c.putAt(at)}
	case entry.Update != nil:
		return write{update, entry.Update.TableName, entry.Update.Key, nil}
	case entry.Delete != nil:
		return write{remove, entry.Delete.TableName, entry.Delete.Key, nil}
	case entry.ConditionCheck != nil:
		return write{check, entry.ConditionCheck.TableName, entry.ConditionCheck.Key, nil}
	}
	return write{kind: check}
}

func (c *call) batchWrite(table string, requests []types.WriteRequest, at int) (write, bool) {
	switch request := requests[at]; {
	case request.PutRequest != nil:
		var its *putStamp
		if puts := c.batch[table]; at < len(puts) {
			its = puts[at]
		}
		return write{put, &table, request.PutRequest.Item, its}, true
	case request.DeleteRequest != nil:
		return write{remove, &table, request.DeleteRequest.Key, nil}, true
	}
	return write{}, false
}

// batchWritten is told of a batch's answer. The puts that were not made are given back as the caller had them, to be sent
// again as a call of its own.
func (s *Stamper) batchWritten(made *call, out *dynamodb.BatchWriteItemOutput) {
	for name, requests := range made.asked.(*dynamodb.BatchWriteItemInput).RequestItems {
		notMade := out.UnprocessedItems[name]
		for at := range requests {
			its, is := made.batchWrite(name, requests, at)
			if is && (len(notMade) == 0 || !slices.ContainsFunc(notMade, s.isSent(made, name, at))) {
				s.wrote(made, its)
			}
		}
		for at := range notMade {
			for place := range requests {
				if s.isSent(made, name, place)(notMade[at]) {
					notMade[at] = requests[place]
					break
				}
			}
		}
	}
}

// isSent tells a write of a batch, as it was sent, in an answer.
func (s *Stamper) isSent(c *call, table string, at int) func(types.WriteRequest) bool {
	sent := c.asked.(*dynamodb.BatchWriteItemInput).RequestItems[table][at]
	if puts := c.batch[table]; at < len(puts) && puts[at] != nil {
		sent.PutRequest = &types.PutRequest{Item: s.stamped(c.at, sent.PutRequest.Item, puts[at])}
	}
	return func(found types.WriteRequest) bool { return reflect.DeepEqual(found, sent) }
}

// statements are the texts of a call's PartiQL statements.
func (c *call) statements() string {
	var texts []string
	add := func(statement *string) {
		if statement != nil {
			texts = append(texts, *statement)
		}
	}
	switch in := c.sent.(type) {
	case *dynamodb.ExecuteStatementInput:
		add(in.Statement)
	case *dynamodb.BatchExecuteStatementInput:
		for _, one := range in.Statements {
			add(one.Statement)
		}
	case *dynamodb.ExecuteTransactionInput:
		for _, one := range in.TransactStatements {
			add(one.Statement)
		}
	}
	return strings.Join(texts, "\n")
}

func (s *Stamper) forgetTablesIn(to *replica, statements string) {
	s.memory.forgetTables(to.endpoint, func(table string) bool { return strings.Contains(statements, table) })
}

func containsPrefix(statements, prefix string) bool { return strings.Contains(statements, prefix+":") }
