package lastwriter

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The rules that are about calls and clients, not about one request's text. Nothing leaves the process.

const now int64 = 1795349587051000

var ctx = context.Background()

func text(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} }

func key(id string) item { return item{"id": text(id)} }

func updateOf(table string) *dynamodb.UpdateItemInput {
	return &dynamodb.UpdateItemInput{
		TableName: &table, Key: key("o-1"), UpdateExpression: aws.String("SET a = :a"),
		ExpressionAttributeValues: item{":a": text("v")},
	}
}

func putOf(table string, content item) *dynamodb.PutItemInput {
	return &dynamodb.PutItemInput{TableName: &table, Item: content}
}

// ticking is a clock that is one microsecond later at each reading.
func ticking(o *Options) {
	latest := now - 1
	o.Clock = func() int64 { latest++; return latest }
}

func must[T any](t *testing.T) func(T, error) T {
	return func(made T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
}

// names are the names of the stamp that an update was sent with.
func names(sent object) []string {
	var found []string
	given, _ := sent["ExpressionAttributeNames"].(object)
	for _, alias := range []string{"#lwt", "#lwn"} {
		if name, is := given[alias].(string); is {
			found = append(found, name)
		}
	}
	return found
}

func stampNamesOf(region string) string { return "lw:t:" + region + " lw:n:" + region }

func TestARetryOfTheSDKSendsTheSameStamp(t *testing.T) {
	caught := &wire{answers: []answer{{err: errWireLost}, {status: 500, body: object{}}}}
	patient := func(o *dynamodb.Options) {
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(func(err error) aws.Ternary { return aws.BoolTernary(errors.Is(err, errWireLost)) }))
		})
	}
	client := clientOf(caught, Stamp(ticking), patient)
	must[*dynamodb.UpdateItemOutput](t)(client.UpdateItem(ctx, updateOf("orders")))
	if len(caught.sent) != 3 {
		t.Fatalf("%d requests", len(caught.sent))
	}
	same(t, "the second attempt", caught.sent[1], caught.sent[0])
	same(t, "the third attempt", caught.sent[2], caught.sent[0])
}

func TestTheSameStructureSentAgainIsAWriteOfItsOwn(t *testing.T) {
	client, caught := offline(ticking)
	in := updateOf("orders")
	transaction := &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{TableName: aws.String("orders"), Item: key("o-2")}},
	}}
	for range 2 {
		must[*dynamodb.UpdateItemOutput](t)(client.UpdateItem(ctx, in))
		must[*dynamodb.TransactWriteItemsOutput](t)(client.TransactWriteItems(ctx, transaction))
	}
	for at, sent := range []object{caught.sent[0], caught.sent[2]} {
		if text := sent["UpdateExpression"].(string); strings.Count(text, "#lwt") != 1 {
			t.Errorf("update %d: %s", at, text)
		}
	}
	if caught.sent[1]["ClientRequestToken"] == caught.sent[3]["ClientRequestToken"] {
		t.Error("two transactions have one token")
	}
}

func TestTheRegionIsThatOfTheEndpointAndNotOfTheClient(t *testing.T) {
	elsewhere := func(o *dynamodb.Options) { o.BaseEndpoint = aws.String("https://dynamodb.eu-west-1.amazonaws.com") }
	caught := &wire{}
	stamp := Stamp(ticking)
	there, here := clientOf(caught, stamp, elsewhere), clientOf(caught, stamp)
	// The clients share the Region that is guessed from, so each call but the first of a kind is guessed wrong.
	for range 2 {
		must[*dynamodb.UpdateItemOutput](t)(there.UpdateItem(ctx, updateOf("orders")))
		must[*dynamodb.UpdateItemOutput](t)(here.UpdateItem(ctx, updateOf("orders")))
	}
	if len(caught.sent) != 4 {
		t.Fatalf("%d requests", len(caught.sent))
	}
	for at, sent := range caught.sent {
		if got, want := strings.Join(names(sent), " "), stampNamesOf([]string{"eu-west-1", "us-east-1"}[at%2]); got != want {
			t.Errorf("request %d: %s", at, got)
		}
	}
}

func TestForAnEndpointThatIsNotAWSsTheClientsRegionCounts(t *testing.T) {
	caught := &wire{}
	client := clientOf(caught, Stamp(), func(o *dynamodb.Options) {
		o.BaseEndpoint, o.Region = aws.String("http://127.0.0.1:8000"), "eu-west-1"
	})
	must[*dynamodb.UpdateItemOutput](t)(client.UpdateItem(ctx, updateOf("orders")))
	if got := strings.Join(names(caught.sent[0]), " "); got != stampNamesOf("eu-west-1") {
		t.Error(got)
	}
}

func TestTheRegionCanBeSet(t *testing.T) {
	client, caught := offline(func(o *Options) { o.Region = "eu-west-1" })
	must[*dynamodb.UpdateItemOutput](t)(client.UpdateItem(ctx, updateOf("orders")))
	if got := strings.Join(names(caught.sent[0]), " "); got != stampNamesOf("eu-west-1") {
		t.Error(got)
	}
}

func TestAClientWithAnOddRegionWritesWithoutStampsAndIsTold(t *testing.T) {
	local := func(o *dynamodb.Options) {
		o.BaseEndpoint, o.Region = aws.String("http://127.0.0.1:8000"), "local"
	}
	var log bytes.Buffer
	caught := &wire{}
	client := clientOf(caught, Stamp(logTo(&log)), local)
	for range 2 {
		must[*dynamodb.UpdateItemOutput](t)(client.UpdateItem(ctx, updateOf("orders")))
	}
	if len(names(caught.last())) != 0 {
		t.Errorf("it was stamped: %v", caught.last())
	}
	if got := log.String(); strings.Count(got, "is no Region to stamp with") != 1 || !strings.Contains(got, "local") {
		t.Errorf("told: %s", got)
	}
	strict := clientOf(caught, Stamp(strictly), local)
	caught.sent = nil
	var failed *StampError
	if _, err := strict.UpdateItem(ctx, updateOf("orders")); !errors.As(err, &failed) || len(caught.sent) != 0 {
		t.Errorf("%v, %d requests", err, len(caught.sent))
	}
}

func TestAnEndpointThatChangesWithEachAttemptIsNotStamped(t *testing.T) {
	var log bytes.Buffer
	caught := &wire{}
	turn := 0
	client := clientOf(caught, Stamp(logTo(&log)), func(o *dynamodb.Options) {
		o.EndpointResolverV2 = resolverFunc(func() string {
			turn++
			return []string{"https://dynamodb.us-east-1.amazonaws.com", "https://dynamodb.eu-west-1.amazonaws.com"}[turn%2]
		})
	})
	must[*dynamodb.UpdateItemOutput](t)(client.UpdateItem(ctx, updateOf("orders")))
	if len(caught.sent) != 1 || len(names(caught.sent[0])) != 0 {
		t.Errorf("sent: %v", caught.sent)
	}
	if !strings.Contains(log.String(), "set Region") {
		t.Errorf("told: %s", log.String())
	}
}

func TestGivenTwiceTheLastSettingsCount(t *testing.T) {
	caught := &wire{}
	client := clientOf(caught, Stamp(func(o *Options) { o.Prefix = "old" }), func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, Stamp())
	})
	must[*dynamodb.UpdateItemOutput](t)(client.UpdateItem(ctx, updateOf("orders")))
	if got := strings.Join(names(caught.last()), " "); got != stampNamesOf("us-east-1") {
		t.Error(got)
	}
}

func TestTablesCanBeChosenByAFunction(t *testing.T) {
	client, caught := offline(func(o *Options) { o.Tables = func(name string) bool { return strings.HasPrefix(name, "ord") } })
	for _, table := range []string{"orders", "arn:aws:dynamodb:us-east-1:123456789012:table/orders", "carts"} {
		must[*dynamodb.UpdateItemOutput](t)(client.UpdateItem(ctx, updateOf(table)))
	}
	if len(names(caught.sent[0])) != 2 || len(names(caught.sent[1])) != 2 || len(names(caught.sent[2])) != 0 {
		t.Errorf("sent: %v", caught.sent)
	}
}

func TestAWrongSettingIsNamed(t *testing.T) {
	for _, wrong := range []struct {
		named string
		set   func(*Options)
	}{
		{"Region", func(o *Options) { o.Region = "EU-WEST-1" }},
		{"prefix", func(o *Options) { o.Prefix = "" }},
		{"prefix", func(o *Options) { o.Prefix = "a:b" }},
		{"Tokens", func(o *Options) { o.Tokens = "x" }},
		{"Encrypted", func(o *Options) { o.Encrypted = "x" }},
		{"Remember", func(o *Options) { o.Remember = -1 }},
	} {
		if _, err := New(wrong.set); err == nil || !strings.Contains(err.Error(), wrong.named) {
			t.Errorf("%s: %v", wrong.named, err)
		}
		client, caught := offline(wrong.set)
		if _, err := client.UpdateItem(ctx, updateOf("orders")); err == nil || !strings.Contains(err.Error(), wrong.named) || len(caught.sent) != 0 {
			t.Errorf("%s: %v", wrong.named, err)
		}
	}
}

// Soft deletes

func TestASoftDeleteNeedsAClientAndATableThatAreStamped(t *testing.T) {
	caught := &wire{}
	plain := clientOf(caught, nil)
	others := clientOf(caught, Stamp(func(o *Options) { o.Tables = OnlyTables("carts") }))
	in := &dynamodb.UpdateItemInput{TableName: aws.String("orders"), Key: key("o-1")}
	for _, client := range []*dynamodb.Client{plain, others} {
		_, deleted := SoftDelete(ctx, client, in, Mark{TTLAttribute: "expires"})
		_, revived := Revive(ctx, client, in, Mark{TTLAttribute: "expires"})
		_, remembered := Remembered(ctx, client, "orders", key("o-1"))
		for _, err := range []error{deleted, revived, remembered} {
			if !errors.Is(err, ErrNotStamped) {
				t.Error(err)
			}
		}
	}
	if len(caught.sent) != 0 {
		t.Errorf("sent: %v", caught.sent)
	}
}

func TestASoftDeleteThatCannotBeMadeIsNotSent(t *testing.T) {
	client, caught := offline()
	for named, in := range map[string]*dynamodb.UpdateItemInput{
		"not a valid update expression": {TableName: aws.String("orders"), Key: key("o-1"), UpdateExpression: aws.String("SET a = :a,")},
		"use expressions":               {TableName: aws.String("orders"), Key: key("o-1"), Expected: map[string]types.ExpectedAttributeValue{}},
		"TableName":                     {Key: key("o-1")},
	} {
		for _, call := range []func(context.Context, UpdateItemAPI, *dynamodb.UpdateItemInput, Mark) (*dynamodb.UpdateItemOutput, error){SoftDelete, Revive} {
			if _, err := call(ctx, client, in, Mark{TTLAttribute: "expires"}); err == nil || !strings.Contains(err.Error(), named) {
				t.Errorf("%s: %v", named, err)
			}
		}
	}
	if len(caught.sent) != 0 {
		t.Errorf("sent: %v", caught.sent)
	}
}

func TestStampsCanBeCarriedToANewItemOrLeftBehind(t *testing.T) {
	content := item{"id": text("o-1"), "lw:t:us-east-1": one, "lw:n:us-east-1": one, "lw:reset": one, "lw:deleted": one, "lwn": one}
	if got := StampsOf(content); len(got) != 3 || got["lw:reset"] == nil {
		t.Error(got)
	}
	if got := WithoutStamps(content); len(got) != 3 || got["lw:deleted"] == nil {
		t.Error(got)
	}
	if got := StampsOf(item{"w:n:eu-west-1": one, "lw:reset": one}, "w"); len(got) != 1 {
		t.Error(got)
	}
}
