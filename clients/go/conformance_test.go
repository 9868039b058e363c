package lastwriter

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

var requestFiles = []string{"update.json", "put.json", "transact.json", "tokens.json", "batch.json", "left-alone.json"}

func eachRequest(t *testing.T, test func(t *testing.T, clock int64, vector vector)) {
	for _, file := range requestFiles {
		found := load(t, file)
		for _, vector := range found.Vectors {
			if vector.Output == "input" {
				vector.Output = vector.Input
			}
			t.Run(file+"/"+vector.Name, func(t *testing.T) { test(t, found.Clock, vector) })
		}
	}
}

func TestAClientSendsWhatTheVectorSays(t *testing.T) {
	eachRequest(t, func(t *testing.T, clock int64, vector vector) {
		for _, bodies := range []bool{true, false} {
			sendsWhatTheVectorSays(t, clock, vector, bodies)
		}
	})
}

// sendsWhatTheVectorSays with stamps in serialised requests, or in the SDK's structures.
func sendsWhatTheVectorSays(t *testing.T, clock int64, vector vector, bodies bool) {
	caught := &wire{}
	client := clientOf(caught, stampIn(bodies, vector.Options.apply, func(o *Options) { o.Clock = func() int64 { return clock } }))
	given := inputOf(t, vector.Operation, vector.Input)
	if _, err := invoke(client, vector.Operation, given); err != nil {
		t.Fatal(err)
	}
	if len(caught.sent) != 1 {
		t.Fatalf("%d requests", len(caught.sent))
	}
	same(t, "sent", withoutGeneratedToken(caught.sent[0], vector.Input), vector.Output)
	staysAsItWas(t, vector.Operation, given, vector.Input)
}

func TestWithoutStampNothingIsStamped(t *testing.T) {
	// Shows that the test above sees what the hook does, and not something else.
	eachRequest(t, func(t *testing.T, _ int64, vector vector) {
		caught := &wire{}
		if _, err := invoke(clientOf(caught, nil), vector.Operation, inputOf(t, vector.Operation, vector.Input)); err != nil {
			t.Fatal(err)
		}
		same(t, "sent", withoutGeneratedToken(caught.sent[0], vector.Input), vector.Input)
	})
}

// staysAsItWas looks at the structure that the caller gave.
func staysAsItWas(t *testing.T, operation string, given any, input object) {
	t.Helper()
	before := inputOf(t, operation, input)
	if statements, is := given.(*dynamodb.ExecuteTransactionInput); is {
		// The SDK itself leaves the token that it made up there. So it would for TransactWriteItems.
		statements.ClientRequestToken = before.(*dynamodb.ExecuteTransactionInput).ClientRequestToken
	}
	if !reflect.DeepEqual(given, before) {
		t.Errorf("the caller's structure was changed: %v", given)
	}
}

var sequenceFiles = []string{"memory.json", "hidden.json", "written-back.json", "encrypted.json", "given-back.json"}

func eachSequence(t *testing.T, test func(t *testing.T, clock int64, vector vector)) {
	for _, file := range sequenceFiles {
		found := load(t, file)
		for _, vector := range found.Vectors {
			clock := found.Clock
			if vector.Clock != 0 {
				clock = vector.Clock
			}
			t.Run(file+"/"+vector.Name, func(t *testing.T) { test(t, clock, vector) })
		}
	}
}

// play makes the calls of a vector through one client.
func play(t *testing.T, clock int64, vector vector, strict, bodies bool, check func(step step, sent object, returned object, err error) bool) {
	now := clock
	caught := &wire{}
	client := clientOf(caught, stampIn(bodies, vector.Options.apply, func(o *Options) {
		o.Clock, o.Strict = func() int64 { return now }, strict
	}))
	for _, step := range vector.Steps {
		if now = clock; step.Clock != 0 {
			now = step.Clock
		}
		switch {
		case step.Lost:
			caught.answers = []answer{{err: errWireLost}}
		case step.Error != nil:
			caught.answers = []answer{{status: 400, body: step.Error}}
		default:
			caught.answers = []answer{{status: 200, body: step.Answer}}
		}
		caught.sent = nil
		given := inputOf(t, step.Operation, step.Input)
		out, err := invoke(client, step.Operation, given)
		staysAsItWas(t, step.Operation, given, step.Input)
		var sent, returned object
		if len(caught.sent) > 0 {
			sent = withoutGeneratedToken(caught.sent[0], step.Input)
		}
		if err == nil {
			returned = plain(reflect.ValueOf(out)).(object)
		} else {
			returned = plainError(err)
		}
		if !check(step, sent, returned, err) {
			return
		}
	}
}

// plainError is what the SDK lets the caller see of an error that has items.
func plainError(err error) object {
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) && failed.Item != nil {
		return object{"Item": plain(reflect.ValueOf(failed.Item))}
	}
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) {
		return object{"CancellationReasons": plain(reflect.ValueOf(cancelled.CancellationReasons))}
	}
	return object{}
}

func TestSequencesDoWhatTheVectorSays(t *testing.T) {
	eachSequence(t, func(t *testing.T, clock int64, vector vector) {
		for _, bodies := range []bool{true, false} {
			doesWhatTheVectorSays(t, clock, vector, bodies)
		}
	})
}

func doesWhatTheVectorSays(t *testing.T, clock int64, vector vector, bodies bool) {
	play(t, clock, vector, false, bodies, func(step step, sent, returned object, err error) bool {
		wanted := step.Sent
		if wanted == "input" {
			wanted = step.Input
		}
		same(t, "sent", sent, wanted)
		if step.Lost {
			return true
		}
		if (err != nil) != (step.Error != nil) {
			t.Fatal(err)
		}
		expected := step.Returned
		if expected == nil {
			if expected = step.Answer; step.Error != nil {
				expected = step.Error
			}
		}
		expected = maps.Clone(expected)
		for _, name := range []string{"__type", "message", "Message"} {
			delete(expected, name)
		}
		same(t, "returned", withoutEmpty(returned), withoutEmpty(expected))
		return true
	})
}

// withoutEmpty is an answer without empty maps at its top: the SDK reads an absent one and an empty one alike.
func withoutEmpty(answer object) object {
	found := object{}
	for name, value := range answer {
		if inner, is := value.(object); !is || len(inner) > 0 {
			found[name] = value
		}
	}
	return found
}

func TestStrictFailsWhereTheVectorSays(t *testing.T) {
	eachSequence(t, func(t *testing.T, clock int64, vector vector) {
		play(t, clock, vector, true, true, func(step step, sent, _ object, err error) bool {
			var failed *StampError
			if (sent == nil) != step.StrictFails || errors.As(err, &failed) != step.StrictFails {
				t.Errorf("sent %v, error %v", sent, err)
			}
			return !step.StrictFails
		})
	})
}

func TestSoftDeletesSendWhatTheVectorSays(t *testing.T) {
	found := load(t, "soft-delete.json")
	for _, vector := range found.Vectors {
		t.Run(vector.Call+"/"+vector.Name, func(t *testing.T) {
			client, caught := offline(vector.Options.apply, func(o *Options) { o.Clock = func() int64 { return found.Clock } })
			arguments := maps.Clone(vector.Arguments)
			mark := Mark{}
			for name, value := range vector.Arguments {
				switch name {
				case "ttlAttribute":
					mark.TTLAttribute = value.(string)
				case "expiresInSeconds":
					mark.ExpiresIn = time.Duration(value.(float64)) * time.Second
				case "onlyDeleted":
					mark.Unmarked = !value.(bool)
				default:
					continue
				}
				delete(arguments, name)
			}
			in := inputOf(t, "UpdateItem", arguments).(*dynamodb.UpdateItemInput)
			call := SoftDelete
			if vector.Call == "revive" {
				call = Revive
			}
			if _, err := call(context.Background(), client, in, mark); err != nil {
				t.Fatal(err)
			}
			same(t, "sent", caught.sent, []object{vector.Output.(object)})
			if !reflect.DeepEqual(in, inputOf(t, "UpdateItem", arguments)) {
				t.Error("the caller's structure was changed")
			}
		})
	}
}

func TestWhatAConditionSaysAboutExistence(t *testing.T) {
	for _, vector := range load(t, "conditions.json").Vectors {
		content := item{}
		for _, name := range vector.Item {
			content[name] = one
		}
		demand := condition{expression: &vector.Expression, names: vector.Names}
		if got := demand.mustNotExist(content, vector.Keys); got != vector.MustNotExist {
			t.Errorf("%q with keys %v: %v", vector.Expression, vector.Keys, got)
		}
	}
}
