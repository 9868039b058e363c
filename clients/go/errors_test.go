package lastwriter

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// What cannot be stamped goes out without a stamp and is told, or fails with strict. Nothing leaves the process.

const secret = "secret-key-of-an-item"

func logTo(log *bytes.Buffer) func(*Options) {
	return func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(log, nil)) }
}

func strictly(o *Options) { o.Strict = true }

func TestAPanicInTheHookDoesNotFailTheWriteAndIsLoggedOnceWithoutContents(t *testing.T) {
	for name, failing := range map[string]func(*Options){
		"clock":  func(o *Options) { o.Clock = func() int64 { panic(secret) } },
		"tables": func(o *Options) { o.Tables = func(string) bool { panic(secret) } },
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			client, caught := offline(failing, logTo(&log))
			must[*dynamodb.PutItemOutput](t)(client.PutItem(ctx, putOf("orders", key("o-0"))))
			if told := log.String(); strings.Count(told, "without its stamp") != 1 || strings.Contains(told, secret) {
				t.Errorf("told: %s", told)
			}
			log.Reset()
			caught.sent = nil
			for range 2 {
				must[*dynamodb.UpdateItemOutput](t)(client.UpdateItem(ctx, updateOf("orders")))
			}
			same(t, "sent", caught.sent[1], caught.sent[0])
			if len(names(caught.sent[0])) != 0 {
				t.Error("it was stamped")
			}
			if strings.Contains(log.String(), secret) || strings.Contains(log.String(), "without its stamp") {
				t.Errorf("told: %s", log.String())
			}
			strict, caught := offline(failing, strictly)
			var failed *StampError
			if _, err := strict.UpdateItem(ctx, updateOf("orders")); !errors.As(err, &failed) || len(caught.sent) != 0 {
				t.Errorf("%v, %d requests", err, len(caught.sent))
			}
			if failed != nil && (strings.Contains(failed.Error(), secret) || !strings.Contains(failed.Error(), "panic")) {
				t.Error(failed)
			}
		})
	}
}

func TestATimeThatAStampCannotHoldIsAnError(t *testing.T) {
	for _, wrong := range []int64{-1, 253402300800000000} {
		client, caught := offline(strictly, func(o *Options) { o.Clock = func() int64 { return wrong } })
		var failed *StampError
		if _, err := client.UpdateItem(ctx, updateOf("orders")); !errors.As(err, &failed) || len(caught.sent) != 0 {
			t.Errorf("%d: %v", wrong, err)
		}
		var log bytes.Buffer
		client, caught = offline(logTo(&log), func(o *Options) { o.Clock = func() int64 { return wrong } })
		must[*dynamodb.BatchWriteItemOutput](t)(client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
			RequestItems: map[string][]types.WriteRequest{"orders": {{PutRequest: &types.PutRequest{Item: key("o-1")}}}},
		}))
		must[*dynamodb.TransactWriteItemsOutput](t)(client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
			TransactItems: []types.TransactWriteItem{{Put: &types.Put{TableName: aws.String("orders"), Item: key("o-2")}}},
		}))
		if len(caught.sent) != 2 || strings.Count(log.String(), "the clock must give microseconds") != 1 {
			t.Errorf("%d requests, told: %s", len(caught.sent), log.String())
		}
	}
}

func tooLong() string {
	var text strings.Builder
	text.WriteString("SET a = :a")
	for text.Len() < 4070 {
		text.WriteString(", attribute_of_the_item = :a")
	}
	return text.String()
}

func TestStrictFailsAWriteWithoutRoomForTheStamp(t *testing.T) {
	client, caught := offline(strictly)
	in := updateOf("orders")
	in.UpdateExpression = aws.String(tooLong())
	for name, call := range map[string]func() error{
		"alone": func() error { _, err := client.UpdateItem(ctx, in); return err },
		"in a transaction": func() error {
			_, err := client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{{
				Update: &types.Update{TableName: in.TableName, Key: in.Key, UpdateExpression: in.UpdateExpression, ExpressionAttributeValues: in.ExpressionAttributeValues},
			}}})
			return err
		},
	} {
		var failed *StampError
		if err := call(); !errors.As(err, &failed) || !strings.Contains(err.Error(), "4096 bytes") || len(caught.sent) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEachTableWithSignedItemsIsToldOnce(t *testing.T) {
	var log bytes.Buffer
	client, caught := offline(logTo(&log))
	for _, table := range []string{"vault", "vault", "safe"} {
		must[*dynamodb.PutItemOutput](t)(client.PutItem(ctx, putOf(table, item{"id": text("o-1"), "aws_dbe_head": text("x")})))
	}
	if got := log.String(); strings.Count(got, "the AWS Database Encryption SDK") != 2 || strings.Count(got, "table vault") != 1 {
		t.Errorf("told: %s", got)
	}
	strict, caught := offline(strictly)
	_, err := strict.PutItem(ctx, putOf("vault", item{"id": text("o-1"), "*amzn-ddb-map-desc*": text("x")}))
	var encrypted *EncryptedItemError
	if !errors.As(err, &encrypted) || encrypted.Table != "vault" || len(caught.sent) != 0 {
		t.Error(err)
	}
}
