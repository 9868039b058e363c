package lastwriter

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"

	"lastwriter/internal/stamps"
)

// StampsOf are the stamp attributes of an item as read, to put back with its new contents. An item has them if it was asked
// for by name, or read without Options.Hide. The prefix is "lw" if none is given.
func StampsOf(content map[string]types.AttributeValue, prefix ...string) map[string]types.AttributeValue {
	return part(content, prefix, true)
}

// WithoutStamps is the item without its stamps: for output, or to put a copy under another key, whose history it is not.
// The prefix is "lw" if none is given.
func WithoutStamps(content map[string]types.AttributeValue, prefix ...string) map[string]types.AttributeValue {
	return part(content, prefix, false)
}

func part(content item, prefix []string, wanted bool) item {
	of := "lw"
	if len(prefix) > 0 {
		of = prefix[0]
	}
	found := item{}
	names, err := stamps.NewNames(of)
	for name, value := range content {
		if (err == nil && names.Is(name)) == wanted {
			found[name] = value
		}
	}
	return found
}

// GetItemAPI is a client as Remembered needs it: a *dynamodb.Client.
type GetItemAPI interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
}

// Remembered gives the stamps that this process remembers of an item, to hand to another process, which puts the item back
// there. None if nothing is remembered. No request is made.
//
// ErrNotStamped: the client, or this table, is not stamped.
func Remembered(
	ctx context.Context, client GetItemAPI, table string, key map[string]types.AttributeValue,
) (map[string]types.AttributeValue, error) {
	in := &dynamodb.GetItemInput{TableName: &table, Key: key}
	out, err := client.GetItem(ctx, in, func(options *dynamodb.Options) {
		options.APIOptions = append(options.APIOptions[:len(options.APIOptions):len(options.APIOptions)],
			func(stack *middleware.Stack) error {
				own, err := ownMiddleware(stack, table)
				if err != nil {
					return err
				}
				// The call goes as far as the endpoint, and is answered there.
				if _, err := stack.Initialize.Remove(middlewareID); err != nil {
					return err
				}
				return stack.Finalize.Insert(&rememberedMiddleware{own.stamper, table, key}, endpointID, middleware.After)
			})
	})
	if err != nil {
		return nil, err
	}
	return out.Item, nil
}

// ownMiddleware is that of a client that stamps a table.
func ownMiddleware(stack *middleware.Stack, table string) (*stampMiddleware, error) {
	found, _ := stack.Initialize.Get(middlewareID)
	own, is := found.(*stampMiddleware)
	if !is || !own.stamper.tables.covers(&table) {
		return nil, fmt.Errorf("lastwriter: %w", ErrNotStamped)
	}
	return own, nil
}

type rememberedMiddleware struct {
	stamper *Stamper
	table   string
	key     item
}

func (*rememberedMiddleware) ID() string { return "lastwriterRemembered" }

func (m *rememberedMiddleware) HandleFinalize(
	ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
) (middleware.FinalizeOutput, middleware.Metadata, error) {
	request, is := in.Request.(*smithyhttp.Request)
	if !is {
		return next.HandleFinalize(ctx, in)
	}
	s := m.stamper
	found := item{}
	to := s.replica(request.URL, awsmiddleware.GetRegion(ctx))
	if known, is := s.memory.find(s.table(to, m.table), m.key); is {
		eachAttribute(s.names, known, func(name, number string) { found[name] = &types.AttributeValueMemberN{Value: number} })
	}
	return middleware.FinalizeOutput{Result: &dynamodb.GetItemOutput{Item: found}}, middleware.Metadata{}, nil
}
