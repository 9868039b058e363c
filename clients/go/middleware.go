package lastwriter

import (
	"context"
	"errors"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	middlewareID = "lastwriter"
	endpointID   = "lastwriterEndpoint"

	// What the SDK calls its own, by which ours find their places.
	serviceMetadataID = "RegisterServiceMetadata"
	resolveEndpointID = "ResolveEndpointV2"
)

// maxTurns is how often a call is stamped anew because it goes elsewhere: once for the first call, once more for a client
// with another endpoint in the same Region, and once to spare.
const maxTurns = 3

// errElsewhere ends a turn whose stamp is for another replica than the request would go to. It never leaves this package.
var errElsewhere = errors.New("lastwriter: the request goes to another replica than its stamp is for")

// Stamp gives the function that stamps, for the APIOptions of a configuration or of a client:
//
//	cfg.APIOptions = append(cfg.APIOptions, lastwriter.Stamp())
//
// The clients that it is given to share what they have seen of items. Where it is given twice, the last one counts. A wrong
// setting fails every call, with a message that names it; New tells it at once.
func Stamp(options ...func(*Options)) func(*middleware.Stack) error {
	made, err := New(options...)
	if err != nil {
		return func(*middleware.Stack) error { return err }
	}
	return made.AddTo
}

// AddTo adds the stamping to the stack of one operation. It goes into APIOptions.
//
// Requests are stamped before the SDK has looked at them, so its retries, in a later step, send the same stamp, and its own
// ClientRequestToken is not made up yet. The endpoint is known only later, and per attempt. So the replica is taken to be
// that of the call before, and looked at again before the request is signed: if it is another one, the request is stamped
// anew, and nothing was sent.
func (s *Stamper) AddTo(stack *middleware.Stack) error {
	own := &stampMiddleware{s}
	if _, is := stack.Initialize.Get(middlewareID); is { // The last settings count.
		if _, err := stack.Initialize.Swap(middlewareID, own); err != nil {
			return err
		}
		if _, is := stack.Finalize.Get(endpointID); is {
			_, err := stack.Finalize.Swap(endpointID, &endpointMiddleware{s})
			return err
		}
		return nil
	}
	if _, is := stack.Finalize.Get(resolveEndpointID); is { // Not so where a client is none of DynamoDB's, and old.
		if err := stack.Finalize.Insert(&endpointMiddleware{s}, resolveEndpointID, middleware.After); err != nil {
			return err
		}
	}
	if _, is := stack.Initialize.Get(serviceMetadataID); is { // Older SDKs put the client's Region into the context there.
		return stack.Initialize.Insert(own, serviceMetadataID, middleware.After)
	}
	return stack.Initialize.Add(own, middleware.Before)
}

// turn is one way of a call through the stack, as the endpoint's middleware sees it.
type turn struct {
	// expected is the replica that the stamp is for.
	expected *replica
	// mayRepeat is set where the request hangs on the replica, and nothing stands against stamping it anew.
	mayRepeat bool
	// splices go into the serialised request.
	splices *splices
	// actual is the replica that the request goes to; nil where it did not come so far.
	actual *replica
}

type turnKey struct{}

// stampMiddleware stamps the requests of calls, and reads their answers.
type stampMiddleware struct{ stamper *Stamper }

func (*stampMiddleware) ID() string { return middlewareID }

func (m *stampMiddleware) HandleInitialize(
	ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
) (middleware.InitializeOutput, middleware.Metadata, error) {
	if !watched(in.Parameters) {
		return next.HandleInitialize(ctx, in)
	}
	s := m.stamper
	to, splicing := s.likely(ctx), true
	for number := 0; ; {
		made, err := m.prepare(to, in.Parameters, number, splicing)
		if err != nil {
			return middleware.InitializeOutput{}, middleware.Metadata{}, err
		}
		its := &turn{expected: to, mayRepeat: number < maxTurns && isWrite(in.Parameters), splices: made.splices}
		out, metadata, err := next.HandleInitialize(
			middleware.WithStackValue(ctx, turnKey{}, its), middleware.InitializeInput{Parameters: made.sent})
		if its.actual != nil && its.actual != to {
			to = its.actual
			s.latest.Store(awsmiddleware.GetRegion(ctx), to)
		}
		switch {
		case errors.Is(err, errElsewhere):
			number++
			continue
		case errors.Is(err, errNotSpliced):
			splicing = false
			continue
		}
		if made.to = to; to != nil {
			m.answered(&made, out.Result, err)
		}
		return out, metadata, err
	}
}

// prepare makes the request of a turn. Where it is not known to which replica it goes, that is found out first.
func (m *stampMiddleware) prepare(to *replica, parameters any, number int, splicing bool) (call, error) {
	s := m.stamper
	if to != nil && number < maxTurns {
		return s.stamp(to, parameters, splicing)
	}
	made := call{asked: parameters, sent: parameters}
	if in, is := parameters.(*dynamodb.TransactWriteItemsInput); is {
		// The SDK writes the token that it makes up into the structure. The next turn must not take it for the caller's.
		sent := *in
		made.sent = &sent
	}
	if number < maxTurns || !isWrite(parameters) {
		return made, nil
	}
	return made, s.failed(to, &StampError{Reason: "the client's endpoint changed with each attempt of one call, " +
		"so its Region is not known: set Region in the options of lastwriter.Stamp"})
}

func isWrite(parameters any) bool {
	switch parameters.(type) {
	case *dynamodb.UpdateItemInput, *dynamodb.PutItemInput, *dynamodb.BatchWriteItemInput, *dynamodb.TransactWriteItemsInput:
		return true
	}
	return false
}

// answered learns from an answer, and hides the stamps in it.
func (m *stampMiddleware) answered(made *call, answer any, err error) {
	s := m.stamper
	failed := guarded(func() error {
		var response *smithyhttp.ResponseError
		switch {
		case err == nil:
			if made.to.wrong == nil {
				s.read(made, answer)
			}
		case errors.As(err, &response) && response.HTTPStatusCode() >= 400 && response.HTTPStatusCode() < 500:
			s.refused(made, err)
		default:
			s.lost(made)
		}
		return nil
	})
	if failed != nil { // The call was made: its answer must reach the caller.
		s.log(made.to, asStampError(failed), "an answer could not be read for its stamps")
	}
}

// endpointMiddleware sees to it that a stamp is for the replica to which the request goes, and splices it in. It stands before
// the request is signed, and each attempt comes by here with the request as it was serialised.
type endpointMiddleware struct{ stamper *Stamper }

func (*endpointMiddleware) ID() string { return endpointID }

func (m *endpointMiddleware) HandleFinalize(
	ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
) (middleware.FinalizeOutput, middleware.Metadata, error) {
	its, _ := middleware.GetStackValue(ctx, turnKey{}).(*turn)
	request, is := in.Request.(*smithyhttp.Request)
	if its == nil || !is {
		return next.HandleFinalize(ctx, in)
	}
	its.actual = m.stamper.replica(request.URL, awsmiddleware.GetRegion(ctx))
	if its.mayRepeat && its.actual != its.expected {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, errElsewhere
	}
	if its.splices != nil {
		stamped, ok := spliced(request, its.splices)
		if !ok {
			return middleware.FinalizeOutput{}, middleware.Metadata{}, errNotSpliced
		}
		in.Request = stamped
	}
	return next.HandleFinalize(ctx, in)
}
