package lastwriter

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The clock, and transactions with a token. Nothing leaves the process.

func TestTimeNeverGoesBack(t *testing.T) {
	readings := []int64{100, 50, 99, 101}
	ours := &clock{source: func() int64 { next := readings[0]; readings = readings[1:]; return next }}
	var got []int64
	for range 4 {
		got = append(got, must[int64](t)(ours.read()))
	}
	if !slices.Equal(got, []int64{100, 100, 100, 101}) {
		t.Error(got)
	}
}

func TestTimeNeverGoesBackBetweenGoroutines(t *testing.T) {
	read := func() {
		latest := int64(0)
		for range 2000 {
			time, _ := systemClock.read()
			if time < latest {
				t.Errorf("%d after %d", time, latest)
			}
			latest = time
		}
	}
	together(read, read, read, read)
	// From this decade to the end of the century: neither milliseconds nor nanoseconds fit.
	if time := must[int64](t)(systemClock.read()); time < 1_700_000_000_000_000 || time > 4_102_444_800_000_000 {
		t.Error(time)
	}
}

func TestATokenIsRememberedForTenMinutesAfterItsLastUseAndNoMoreThanTheyMayBe(t *testing.T) {
	at := time.Unix(0, 0)
	ours := newTokenMemory(func() time.Time { return at }, 2)
	made := int64(0)
	recall := func(token string) int64 {
		return must[int64](t)(ours.recall(tokenID{here, token}, func() (int64, error) { made++; return made, nil }))
	}
	expect := func(token string, want int64) {
		t.Helper()
		if got := recall(token); got != want {
			t.Errorf("%s: %d and not %d", token, got, want)
		}
	}
	expect("a", 1)
	for range 2 {
		at = at.Add(599 * time.Second)
		expect("a", 1)
	}
	at = at.Add(600 * time.Second)
	expect("a", 2)
	expect("b", 3)
	expect("a", 2)
	expect("c", 4) // The one used longest ago goes.
	expect("a", 2)
	expect("b", 5)
	if len(ours.entries) != 2 || ours.used.Len() != 2 {
		t.Errorf("%d entries, %d in order of use", len(ours.entries), ours.used.Len())
	}
}

func transactionWith(token *string) *dynamodb.TransactWriteItemsInput {
	in := updateOf("orders")
	return &dynamodb.TransactWriteItemsInput{ClientRequestToken: token, TransactItems: []types.TransactWriteItem{
		{Update: &types.Update{
			TableName: in.TableName, Key: in.Key, UpdateExpression: in.UpdateExpression,
			ExpressionAttributeValues: in.ExpressionAttributeValues,
		}},
		{Put: &types.Put{TableName: in.TableName, Item: key("o-2")}},
	}}
}

func TestAnotherClientOfTheProcessRemembersTheToken(t *testing.T) {
	remember := func(o *Options) { o.Tokens = RememberTokens }
	first, firstCaught := offline(ticking, remember)
	second, secondCaught := offline(func(o *Options) { o.Clock = func() int64 { return now + 1_000_000 } }, remember)
	token := aws.String("token-of-" + t.Name())
	must[*dynamodb.TransactWriteItemsOutput](t)(first.TransactWriteItems(ctx, transactionWith(token)))
	must[*dynamodb.TransactWriteItemsOutput](t)(second.TransactWriteItems(ctx, transactionWith(token)))
	same(t, "sent again", secondCaught.last(), firstCaught.last())
	must[*dynamodb.TransactWriteItemsOutput](t)(second.TransactWriteItems(ctx, transactionWith(aws.String("another of "+t.Name()))))
	if secondCaught.last()["TransactItems"].([]any)[0].(object)["Update"].(object)["ExpressionAttributeValues"].(object)[":lwt"].(object)["N"] != "1795349588051000" {
		t.Errorf("sent: %v", secondCaught.last())
	}
}

func TestATokenThatTheSDKMakesUpIsNotTheCallers(t *testing.T) {
	client, caught := offline(func(o *Options) { o.Tokens = LeaveTokens })
	in := transactionWith(nil)
	for range 2 {
		must[*dynamodb.TransactWriteItemsOutput](t)(client.TransactWriteItems(ctx, in))
		update := caught.last()["TransactItems"].([]any)[0].(object)["Update"].(object)
		if caught.last()["ClientRequestToken"] == "" || len(names(update)) != 2 {
			t.Errorf("sent: %v", caught.last())
		}
	}
	if in.ClientRequestToken != nil {
		t.Error("the SDK's token was left in the caller's structure")
	}
}
