package lastwriter

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
)

// DefaultExpiresIn is longer than a stream's 24 hours, and than most outages that delay replication.
const DefaultExpiresIn = 7 * 24 * time.Hour

var (
	errNotAnUpdate = errors.New("lastwriter: UpdateExpression is not a valid update expression")
	errLegacy      = errors.New("lastwriter: AttributeUpdates, Expected and ConditionalOperator are not supported here: use expressions")
	errInput       = errors.New("lastwriter: the input needs a TableName")

	markStems = []string{"lwd", "lwx"}
)

// UpdateItemAPI is a client as SoftDelete and Revive need it: a *dynamodb.Client.
type UpdateItemAPI interface {
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

// Mark says how SoftDelete marks an item, and what Revive takes away.
type Mark struct {
	// TTLAttribute is the table's TTL attribute.
	TTLAttribute string
	// ExpiresIn is how long until TTL may purge the item; DefaultExpiresIn if it is 0.
	ExpiresIn time.Duration
	// Unmarked lets Revive write where the item is not marked, too. By default that fails with
	// ConditionalCheckFailedException, so that nothing is made of an item that TTL has purged.
	Unmarked bool
}

// SoftDelete marks an item as deleted and lets DynamoDB's TTL purge it later, in one stamped UpdateItem. A DeleteItem leaves
// nothing behind that could carry a stamp, so a conflict with it cannot be told. A mark can.
//
// The item stays until TTL removes it: reads return it, with lw:deleted, and conditional creates on its key fail. Without a
// condition a mark is also left where there was no item, as UpdateItem does. The input needs TableName and Key, and may have
// a condition, an UpdateExpression of its own, and ReturnValues. It is not changed.
//
// ErrNotStamped: the client, or this table, is not stamped.
func SoftDelete(
	ctx context.Context, client UpdateItemAPI, in *dynamodb.UpdateItemInput, mark Mark,
) (*dynamodb.UpdateItemOutput, error) {
	return updateMarked(ctx, client, in, func(s *Stamper, sent *dynamodb.UpdateItemInput) error {
		now, err := s.clock.read()
		if err != nil {
			return err
		}
		expiresIn := mark.ExpiresIn
		if expiresIn == 0 {
			expiresIn = DefaultExpiresIn
		}
		expires := now/1_000_000 + int64(expiresIn/time.Second)
		suffix := placeMark(s, sent, mark.TTLAttribute)
		sent.ExpressionAttributeValues[":lwd"+suffix] = &types.AttributeValueMemberBOOL{Value: true}
		sent.ExpressionAttributeValues[":lwx"+suffix] = &types.AttributeValueMemberN{Value: strconv.FormatInt(expires, 10)}
		return addToUpdate(sent, addition{setSection, "#lwd" + suffix + " = :lwd" + suffix + ", #lwx" + suffix + " = :lwx" + suffix})
	})
}

// Revive brings back an item that SoftDelete marked: it removes the mark and the TTL attribute in one stamped UpdateItem.
// With an UpdateExpression the item gets new contents in the same write, which is how one is created again.
//
// Input and errors are as for SoftDelete.
func Revive(
	ctx context.Context, client UpdateItemAPI, in *dynamodb.UpdateItemInput, mark Mark,
) (*dynamodb.UpdateItemOutput, error) {
	return updateMarked(ctx, client, in, func(s *Stamper, sent *dynamodb.UpdateItemInput) error {
		suffix := placeMark(s, sent, mark.TTLAttribute)
		if len(sent.ExpressionAttributeValues) == 0 {
			sent.ExpressionAttributeValues = nil
		}
		if !mark.Unmarked {
			condition := "attribute_exists(#lwd" + suffix + ")"
			if sent.ConditionExpression != nil {
				condition += " AND (" + *sent.ConditionExpression + ")"
			}
			sent.ConditionExpression = &condition
		}
		return addToUpdate(sent, addition{removeSection, "#lwd" + suffix + ", #lwx" + suffix})
	})
}

// placeMark gives the update placeholders for the mark and the TTL attribute, and maps of its own; it returns their suffix.
func placeMark(s *Stamper, sent *dynamodb.UpdateItemInput, ttlAttribute string) string {
	var texts []string
	for _, text := range []*string{sent.UpdateExpression, sent.ConditionExpression} {
		if text != nil {
			texts = append(texts, *text)
		}
	}
	suffix := placeholderSuffix(markStems, texts, sent.ExpressionAttributeNames, sent.ExpressionAttributeValues)
	sent.ExpressionAttributeNames = with(sent.ExpressionAttributeNames, 2)
	sent.ExpressionAttributeValues = with(sent.ExpressionAttributeValues, 2)
	sent.ExpressionAttributeNames["#lwd"+suffix] = s.names.Deleted
	sent.ExpressionAttributeNames["#lwx"+suffix] = ttlAttribute
	return suffix
}

func addToUpdate(sent *dynamodb.UpdateItemInput, added addition) error {
	expression := ""
	var parsed *updateExpression
	if sent.UpdateExpression != nil {
		expression, parsed = *sent.UpdateExpression, parseUpdate(*sent.UpdateExpression)
		// One that cannot be extended is one that DynamoDB rejects: it must not pass for a delete.
		if parsed == nil {
			return errNotAnUpdate
		}
	}
	expression = extend(expression, parsed, []addition{added})
	sent.UpdateExpression = &expression
	return nil
}

// updateMarked makes a call whose request is changed right before it is stamped, by the client's own Stamper.
func updateMarked(
	ctx context.Context, client UpdateItemAPI, in *dynamodb.UpdateItemInput,
	change func(*Stamper, *dynamodb.UpdateItemInput) error,
) (*dynamodb.UpdateItemOutput, error) {
	if in == nil || in.TableName == nil {
		return nil, errInput
	}
	if in.AttributeUpdates != nil || in.Expected != nil || in.ConditionalOperator != "" {
		return nil, errLegacy
	}
	return client.UpdateItem(ctx, in, func(options *dynamodb.Options) {
		options.APIOptions = append(options.APIOptions[:len(options.APIOptions):len(options.APIOptions)],
			func(stack *middleware.Stack) error {
				own, err := ownMiddleware(stack, *in.TableName)
				if err != nil {
					return err
				}
				return stack.Initialize.Insert(middleware.InitializeMiddlewareFunc("lastwriterMark", func(
					ctx context.Context, given middleware.InitializeInput, next middleware.InitializeHandler,
				) (middleware.InitializeOutput, middleware.Metadata, error) {
					sent := *in
					if err := change(own.stamper, &sent); err != nil {
						return middleware.InitializeOutput{}, middleware.Metadata{}, err
					}
					return next.HandleInitialize(ctx, middleware.InitializeInput{Parameters: &sent})
				}), middlewareID, middleware.Before)
			})
	})
}
