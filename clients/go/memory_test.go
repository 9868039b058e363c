package lastwriter

import (
	"strconv"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"lastwriter/internal/stamps"
)

// The memory of stamps with many goroutines, and between clients. Nothing leaves the process; `go test -race` sees more.

const here = "us-east-1"

func seenOnce(n, t int64) stamps.Stamps {
	return stamps.Stamps{}.With(here, stamps.Pair{N: stamps.NewPart(n), T: stamps.NewPart(t)})
}

func ordersIn(capacity int) (*memory, *table) {
	made := newMemory(capacity)
	orders := made.table("https://dynamodb.us-east-1.amazonaws.com", "orders")
	orders.learnKeyNames([]string{"id"})
	return made, orders
}

func together(jobs ...func()) {
	var waiting sync.WaitGroup
	for _, job := range jobs {
		waiting.Add(1)
		go func() { defer waiting.Done(); job() }()
	}
	waiting.Wait()
}

func TestNoAnswerOfAnyGoroutineReplacesANewerOne(t *testing.T) {
	ours, orders := ordersIn(10)
	var jobs []func()
	// Each tells of the same versions in an order of its own.
	for _, step := range []int64{1, 7, 31, 400} {
		jobs = append(jobs, func() {
			for number := range int64(401) {
				n := number * step % 401
				ours.add(orders, key("o-1"), seenOnce(n, now+n*1_000_000))
				known, _ := ours.find(orders, key("o-1"))
				if pair, _ := known.Pair(here); pair.N.Value < n {
					t.Errorf("%d was remembered after %d", pair.N.Value, n)
				}
			}
		})
	}
	together(jobs...)
	known, _ := ours.find(orders, key("o-1"))
	if pair, _ := known.Pair(here); pair.N.Value != 400 {
		t.Error(pair)
	}
}

func TestTheMemoryStaysBoundedWithManyGoroutines(t *testing.T) {
	ours, orders := ordersIn(5)
	var jobs []func()
	for _, start := range []int{0, 250, 500, 750} {
		jobs = append(jobs, func() {
			for number := range 500 {
				ours.add(orders, key(strconv.Itoa(start+number)), seenOnce(1, now))
				ours.forget(orders, key(strconv.Itoa(start+number-2)))
			}
		})
	}
	together(jobs...)
	if len(ours.items) > 5 || ours.used.Len() != len(ours.items) {
		t.Errorf("%d items, %d in order of use", len(ours.items), ours.used.Len())
	}
}

func TestUpdatesOfManyGoroutinesAreAllCounted(t *testing.T) {
	ours, orders := ordersIn(10)
	ours.add(orders, key("o-1"), seenOnce(0, now))
	count := func() {
		for range 500 {
			ours.change(orders, key("o-1"), func(known stamps.Stamps) stamps.Stamps {
				pair, _ := known.Pair(here)
				return known.With(here, stamps.Pair{N: stamps.NewPart(pair.N.Value + 1), T: pair.T})
			})
		}
	}
	together(count, count, count, count)
	known, _ := ours.find(orders, key("o-1"))
	if pair, _ := known.Pair(here); pair.N.Value != 2000 {
		t.Error(pair)
	}
}

func TestKeysAreEqualWhereDynamoDBsAre(t *testing.T) {
	ours, orders := ordersIn(100)
	orders.learnKeyNames([]string{"sort", "id"})
	number := func(text string) types.AttributeValue { return &types.AttributeValueMemberN{Value: text} }
	binary := func(text string) types.AttributeValue { return &types.AttributeValueMemberB{Value: []byte(text)} }
	groups := [][]item{
		{{"id": number("1"), "sort": number("1")}, {"id": number("1.0"), "sort": number("10e-1")}},
		{{"id": number("11"), "sort": number("1")}},
		{{"id": number("1"), "sort": number("11")}},
		{{"id": number("-1"), "sort": number("1")}},
		{{"id": text("1"), "sort": number("1")}},
		{{"id": binary("1"), "sort": number("1")}},
		{{"id": text("a"), "sort": text("bc")}},
		{{"id": text("ab"), "sort": text("c")}},
		{{"id": text(""), "sort": text("abc")}},
	}
	for at, group := range groups {
		for other, keys := range groups {
			for _, one := range group {
				for _, two := range keys {
					if same := ours.key(orders, one) == ours.key(orders, two); same != (at == other) {
						t.Errorf("%d and %d: %v", at, other, same)
					}
				}
			}
		}
	}
	for _, odd := range []item{{}, key("o-1"), {"id": nil, "sort": number("1")}, {"id": number("x"), "sort": number("1")}, {"id": &types.AttributeValueMemberBOOL{}, "sort": number("1")}} {
		if ours.key(orders, odd) != "" {
			t.Errorf("%v has a key", odd)
		}
	}
}

// Clients

func stampedItem(n int64) object {
	return object{
		"id":             object{"S": "o-1"},
		"lw:n:us-east-1": object{"N": strconv.FormatInt(n, 10)}, "lw:t:us-east-1": object{"N": strconv.FormatInt(now+n, 10)},
	}
}

// readAndPut is what a put through one client carries after a read through another.
func readAndPut(t *testing.T, reader, writer *dynamodb.Client, caught *wire) object {
	t.Helper()
	caught.answers = []answer{{status: 200, body: object{"Item": stampedItem(5)}}}
	out := must[*dynamodb.GetItemOutput](t)(reader.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("orders"), Key: key("o-1")}))
	if len(out.Item) != 1 {
		t.Errorf("stamps were shown: %v", out.Item)
	}
	must[*dynamodb.DeleteItemOutput](t)(writer.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String("orders"), Key: key("o-0")}))
	must[*dynamodb.PutItemOutput](t)(writer.PutItem(ctx, putOf("orders", key("o-1"))))
	return caught.last()["Item"].(object)
}

func TestTheClientsOfOneStampShareWhatTheyHaveSeen(t *testing.T) {
	caught := &wire{}
	stamp := Stamp()
	if got := readAndPut(t, clientOf(caught, stamp), clientOf(caught, stamp), caught); got["lw:n:us-east-1"].(object)["N"] != "6" {
		t.Error(got)
	}
	if got := readAndPut(t, clientOf(caught, Stamp()), clientOf(caught, Stamp()), caught); got["lw:reset"] == nil {
		t.Errorf("clients of two stamps share: %v", got)
	}
}

func TestWhatWasSeenInAnotherRegionIsNotClaimedHere(t *testing.T) {
	caught := &wire{}
	stamp := Stamp()
	there := clientOf(caught, stamp, func(o *dynamodb.Options) { o.Region = "eu-west-1" })
	if got := readAndPut(t, there, clientOf(caught, stamp), caught); got["lw:n:us-east-1"].(object)["N"] != "1" || got["lw:reset"] == nil {
		t.Error(got)
	}
}

func TestWhatIsRememberedCanBeHandedOver(t *testing.T) {
	client, caught := offline()
	readAndPut(t, client, client, caught)
	caught.sent = nil
	history := must[map[string]types.AttributeValue](t)(Remembered(ctx, client, "orders", key("o-1")))
	if len(caught.sent) != 0 {
		t.Error("a request was made")
	}
	if got := readPart(history["lw:n:us-east-1"]); got.Value != 6 || len(history) != 2 {
		t.Error(history)
	}
	if nothing := must[map[string]types.AttributeValue](t)(Remembered(ctx, client, "orders", key("o-2"))); len(nothing) != 0 {
		t.Error(nothing)
	}
	other, caught := offline()
	history["id"] = text("o-1")
	must[*dynamodb.PutItemOutput](t)(other.PutItem(ctx, putOf("orders", history)))
	if got := caught.last()["Item"].(object)["lw:n:us-east-1"].(object)["N"]; got != "7" {
		t.Error(got)
	}
}
