package live

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"lastwriter"
)

func TestTransactionsAreStampedAndStayWhole(t *testing.T) {
	client, table := stamping(t)
	write(t, client, table, item{"id": text("o-2")})
	writes := []types.TransactWriteItem{
		{Update: &types.Update{TableName: &table, Key: key, UpdateExpression: aws.String("SET a = :s"), ExpressionAttributeValues: item{":s": text("v")}}},
		{Put: &types.Put{TableName: &table, Item: item{"id": text("o-3")}}},
		{Delete: &types.Delete{TableName: &table, Key: item{"id": text("o-2")}}},
	}
	must[*dynamodb.TransactWriteItemsOutput](t)(client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes}))
	first, third := read(t, client, table, key), read(t, client, table, item{"id": text("o-3")})
	if textOf(first[countName]) != "1" || textOf(third[countName]) != "1" || textOf(first[timeName]) != textOf(third[timeName]) {
		t.Error(first, third)
	}
	writes[2] = types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName: &table, Key: item{"id": text("o-9")}, ConditionExpression: aws.String("attribute_exists(id)"),
	}}
	_, err := client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) || len(cancelled.CancellationReasons) != 3 || *cancelled.CancellationReasons[2].Code != "ConditionalCheckFailed" {
		t.Error(err)
	}
	if after := read(t, client, table, key); !reflect.DeepEqual(after, first) {
		t.Error(after)
	}
}

// The variable that makes of the test program one that sends a transaction: endpoint, table, token and setting.
const senderVariable = "LASTWRITER_TEST_SENDER"

func sendOneTransaction(arguments []string) {
	endpoint, table, token, tokens := arguments[0], arguments[1], arguments[2], lastwriter.Tokens(arguments[3])
	cfg := plainConfig(here, endpoint)
	cfg.APIOptions = append(cfg.APIOptions, lastwriter.Stamp(func(o *lastwriter.Options) { o.Tokens = tokens }))
	client := dynamodb.NewFromConfig(cfg)
	// What one process has seen, another may have not.
	if _, err := client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &table, Key: key}); err != nil {
		panic(err)
	}
	_, err := client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{ClientRequestToken: &token, TransactItems: []types.TransactWriteItem{
		{Update: &types.Update{TableName: &table, Key: key, UpdateExpression: aws.String("ADD clicks :one"), ExpressionAttributeValues: item{":one": number("1")}}},
		{Put: &types.Put{TableName: &table, Item: item{"id": text("o-2")}, ConditionExpression: aws.String("attribute_not_exists(id)")}},
	}})
	var mismatch *types.IdempotentParameterMismatchException
	switch {
	case err == nil:
		fmt.Print("made")
	case errors.As(err, &mismatch):
		fmt.Print("mismatch")
	default:
		panic(err)
	}
}

func sendFromAProcessOfItsOwn(t *testing.T, table, token string, tokens lastwriter.Tokens) string {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), senderVariable+"="+strings.Join([]string{world.Replicas[here], table, token, string(tokens)}, ","))
	command.Stderr = os.Stderr
	return string(must[[]byte](t)(command.Output()))
}

func TestATransactionSentAgainByAnotherProcessIsTheSame(t *testing.T) {
	for tokens, wanted := range map[lastwriter.Tokens]string{lastwriter.CountTokens: "1", lastwriter.LeaveTokens: ""} {
		t.Run(string(tokens), func(t *testing.T) {
			t.Parallel()
			table := newTable(t, "orders")
			for range 2 {
				if got := sendFromAProcessOfItsOwn(t, table, "token-"+table, tokens); got != "made" {
					t.Error(got)
				}
			}
			if found := read(t, plainClient(here), table, key); textOf(found["clicks"]) != "1" || textOf(found[countName]) != wanted {
				t.Error(found)
			}
		})
	}
}

func TestWithATimeInTheStampAnotherProcessWouldNotMatch(t *testing.T) {
	// This is what the default guards against.
	_, table := stamping(t)
	for _, wanted := range []string{"made", "mismatch"} {
		if got := sendFromAProcessOfItsOwn(t, table, "token-"+table, lastwriter.RememberTokens); got != wanted {
			t.Errorf("%s and not %s", got, wanted)
		}
	}
}
