package lastwriter

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
)

// Stamps that go into the serialised request, beside those that go into the SDK's structures: the same must be sent.

// stampIn is Stamp with stamps in serialised requests, where they can be, or never.
func stampIn(bodies bool, options ...func(*Options)) func(*middleware.Stack) error {
	made, err := New(options...)
	if err != nil {
		panic(err)
	}
	made.splicing = made.splicing && bodies
	return made.AddTo
}

// sentBothWays is what two clients send, one of each kind, and whether the first put stamps into the serialised request.
func sentBothWays(t *testing.T, call func(*dynamodb.Client) error, options ...func(*Options)) (object, bool) {
	t.Helper()
	options = append(options, func(o *Options) { o.Clock = func() int64 { return now } }, func(o *Options) { o.Keys = map[string][]string{"orders": {"id"}} })
	var sent [2]object
	spliced := false
	for at, bodies := range []bool{true, false} {
		caught := &wire{}
		client := clientOf(caught, stampIn(bodies, options...), func(o *dynamodb.Options) {
			o.IdempotencyTokenProvider = sameToken{}
			o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
				return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("test", func(
					ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
				) (middleware.FinalizeOutput, middleware.Metadata, error) {
					its := middleware.GetStackValue(ctx, turnKey{}).(*turn)
					spliced = bodies && its.splices != nil || !bodies && spliced
					return next.HandleFinalize(ctx, in)
				}), endpointID, middleware.After)
			})
		})
		for range 2 { // What the first call wrote is remembered.
			if err := call(client); err != nil {
				t.Fatal(err)
			}
		}
		sent[at] = object{"first": caught.sent[0], "second": caught.last()}
	}
	same(t, "sent", sent[0], sent[1])
	return sent[0]["second"].(object), spliced
}

type sameToken struct{}

func (sameToken) GetIdempotencyToken() (string, error) { return "token", nil }

// A request at random: with and without conditions, names and values, of which some look like what is searched for.

func randomItem(random *rand.Rand) item {
	made := key(fmt.Sprint("o-", random.IntN(3)))
	for _, name := range []string{"a", "Item\":{", "b", "UpdateExpression", "\"ExpressionAttributeNames\":{", "ü"} {
		if random.IntN(3) == 0 {
			made[name] = []types.AttributeValue{text(`"Item":{"UpdateExpression":"`), text("I N V U \\"), &types.AttributeValueMemberB{Value: []byte(name)},
				&types.AttributeValueMemberM{Value: item{"x": one}}}[random.IntN(4)]
		}
	}
	return made
}

func randomUpdate(random *rand.Rand) updateText {
	made := updateText{expression: aws.String([]string{"SET a = :a", "REMOVE b", "SET #a = :a ADD c :a", "SET a = \"x\"", "SET", "SET a = :lwt"}[random.IntN(6)])}
	if random.IntN(2) == 0 {
		made.names = map[string]string{"#a": []string{"a", "lwa", "UpdateExpression"}[random.IntN(3)]}
	}
	if random.IntN(2) == 0 {
		made.values = item{":a": one, ":b": text(`"UpdateExpression":"`)}
	}
	if random.IntN(3) == 0 {
		made.condition = aws.String("attribute_exists(#lwt)")
	}
	return made
}

func randomWrite(random *rand.Rand) types.TransactWriteItem {
	table := aws.String([]string{"orders", "audit"}[random.IntN(2)])
	its := randomUpdate(random)
	id := key(fmt.Sprint("o-", random.IntN(3)))
	switch random.IntN(5) {
	case 0:
		return types.TransactWriteItem{Delete: &types.Delete{TableName: table, Key: id, ConditionExpression: its.condition, ExpressionAttributeNames: its.names}}
	case 1:
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: table, Key: id, ConditionExpression: aws.String("a = :a"), ExpressionAttributeNames: its.names, ExpressionAttributeValues: its.values,
		}}
	case 2:
		return types.TransactWriteItem{Put: &types.Put{
			TableName: table, Item: randomItem(random), ConditionExpression: its.condition, ExpressionAttributeNames: its.names, ExpressionAttributeValues: its.values,
		}}
	default:
		return types.TransactWriteItem{Update: &types.Update{
			TableName: table, Key: id, UpdateExpression: its.expression, ConditionExpression: its.condition,
			ExpressionAttributeNames: its.names, ExpressionAttributeValues: its.values,
		}}
	}
}

func TestStampsInTheBodyAreThoseInTheStructures(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	spliced, all := 0, 0
	count := func(is bool) {
		if all++; is {
			spliced++
		}
	}
	onlyOrders := func(o *Options) { o.Tables = OnlyTables("orders") }
	for range 200 {
		var writes []types.TransactWriteItem
		var requests []types.WriteRequest
		for range 1 + random.IntN(5) {
			writes = append(writes, randomWrite(random))
			request := types.WriteRequest{PutRequest: &types.PutRequest{Item: randomItem(random)}}
			if random.IntN(4) == 0 {
				request = types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: key("o-1")}}
			}
			requests = append(requests, request)
		}
		_, is := sentBothWays(t, func(client *dynamodb.Client) error {
			_, err := client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
			return err
		}, onlyOrders)
		count(is)
		_, is = sentBothWays(t, func(client *dynamodb.Client) error {
			_, err := client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"orders": requests}})
			return err
		})
		count(is)
		its := randomUpdate(random)
		_, is = sentBothWays(t, func(client *dynamodb.Client) error {
			_, err := client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
				TableName: aws.String("orders"), Key: key("o-1"), UpdateExpression: its.expression, ConditionExpression: its.condition,
				ExpressionAttributeNames: its.names, ExpressionAttributeValues: its.values,
			})
			return err
		})
		count(is)
		content := randomItem(random)
		_, is = sentBothWays(t, func(client *dynamodb.Client) error {
			in := putOf("orders", content)
			in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues = its.condition, its.names, its.values
			_, err := client.PutItem(ctx, in)
			return err
		})
		count(is)
		if t.Failed() {
			return
		}
	}
	// That both ways were gone, so that they were compared.
	if spliced < all/4 || spliced == all {
		t.Errorf("%d of %d", spliced, all)
	}
}

func TestWhatLooksLikeAMemberIsToldFromOne(t *testing.T) {
	inner := &types.AttributeValueMemberM{Value: item{
		"Item": &types.AttributeValueMemberM{Value: item{"Item": one}}, "ExpressionAttributeNames": &types.AttributeValueMemberM{Value: item{}},
		"ExpressionAttributeValues": &types.AttributeValueMemberM{Value: item{}},
	}}
	plain := func(client *dynamodb.Client) error {
		_, err := client.PutItem(ctx, putOf("orders", key("o-1")))
		return err
	}
	if _, spliced := sentBothWays(t, plain); !spliced {
		t.Error("a put without anything odd does not go the short way, so the rest shows nothing")
	}
	sent, spliced := sentBothWays(t, func(client *dynamodb.Client) error {
		_, err := client.PutItem(ctx, putOf("orders", item{"id": text("o-1"), "Item": inner}))
		return err
	})
	if spliced || sent["Item"].(object)["lw:n:us-east-1"] == nil {
		t.Errorf("spliced %v: %v", spliced, sent)
	}
	sent, spliced = sentBothWays(t, func(client *dynamodb.Client) error {
		in := updateOf("orders")
		in.ExpressionAttributeNames = map[string]string{"#a": "a"}
		in.ExpressionAttributeValues = item{":a": inner}
		_, err := client.UpdateItem(ctx, in)
		return err
	})
	if spliced || len(names(sent)) != 2 {
		t.Errorf("spliced %v: %v", spliced, sent)
	}
}

func TestAPutThatCarriesStampsIsStampedWithThem(t *testing.T) {
	carried := item{"id": text("o-1"), "lw:n:us-east-1": number(5), "lw:t:us-east-1": number(8), "lw:reset": number(1)}
	sent, spliced := sentBothWays(t, func(client *dynamodb.Client) error {
		_, err := client.PutItem(ctx, putOf("orders", carried))
		return err
	})
	if spliced || sent["Item"].(object)["lw:n:us-east-1"].(object)["N"] != "6" {
		t.Errorf("spliced %v: %v", spliced, sent)
	}
}

func TestTheSignatureAndTheLengthAreThoseOfTheBodyThatIsSent(t *testing.T) {
	client, caught := offline()
	for _, content := range []item{key("o-1"), {"id": text("o-1"), "lw:n:us-east-1": number(5)}} {
		for range 2 { // The first call of a client finds out where it goes.
			must[*dynamodb.PutItemOutput](t)(client.PutItem(ctx, putOf("orders", content)))
		}
		sent := caught.request
		if sent.ContentLength != int64(len(caught.body)) {
			t.Errorf("%d bytes, and %d were told", len(caught.body), sent.ContentLength)
		}
		signed := sent.Header.Get("Authorization")
		again := sent.Clone(ctx)
		again.Header.Del("Authorization")
		at, err := time.Parse("20060102T150405Z", sent.Header.Get("X-Amz-Date"))
		if err != nil {
			t.Fatal(err)
		}
		keys, _ := testCredentials{}.Retrieve(ctx)
		hash := sha256.Sum256(caught.body)
		if err := v4.NewSigner().SignHTTP(ctx, keys, again, hex.EncodeToString(hash[:]), "dynamodb", "us-east-1", at); err != nil {
			t.Fatal(err)
		}
		if got := again.Header.Get("Authorization"); got != signed {
			t.Errorf("signed: %s\nand not: %s", signed, got)
		}
	}
}

func TestSegmentsReadAsOneBody(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		body := &segments{}
		var whole []byte
		for range random.IntN(6) {
			piece := bytes.Repeat([]byte{byte('a' + random.IntN(26))}, random.IntN(5))
			body.add(piece)
			whole = append(whole, piece...)
		}
		if end, err := body.Seek(0, io.SeekEnd); err != nil || end != int64(len(whole)) {
			t.Fatal(end, err)
		}
		from := random.IntN(len(whole) + 1)
		if at, err := body.Seek(int64(from), io.SeekStart); err != nil || at != int64(from) {
			t.Fatal(at, err)
		}
		var got []byte
		buffer := make([]byte, 1+random.IntN(4))
		for random.IntN(5) > 0 {
			count, err := body.Read(buffer)
			got = append(got, buffer[:count]...)
			if err != nil && (err != io.EOF || count > 0) {
				t.Fatal(count, err)
			}
		}
		if at, err := body.Seek(0, io.SeekCurrent); err != nil || at != int64(from+len(got)) {
			t.Fatal(at, err)
		}
		var rest bytes.Buffer
		if count, err := body.WriteTo(&rest); err != nil || count != int64(rest.Len()) {
			t.Fatal(count, err)
		}
		if got = append(got, rest.Bytes()...); string(got) != string(whole[from:]) {
			t.Fatalf("%q and not %q", got, whole[from:])
		}
		for _, wrong := range []int64{-1, int64(len(whole)) + 1} {
			if _, err := body.Seek(wrong, io.SeekStart); err == nil {
				t.Errorf("there is an offset %d", wrong)
			}
		}
	}
}
