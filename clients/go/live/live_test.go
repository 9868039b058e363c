package live

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"lastwriter"
)

const timeName, countName, resetName = "lw:t:us-east-1", "lw:n:us-east-1", "lw:reset"

var key = item{"id": text("o-1")}

var tables atomic.Int64

// newTable is a table of its own for a test, with the key id, in all Regions.
func newTable(t *testing.T, prefix string) string {
	name := fmt.Sprintf("%s-go-%d", prefix, tables.Add(1))
	must[*dynamodb.CreateTableOutput](t)(plainClient(here).CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
	}))
	return name
}

// stamping is a client that shows the stamps, and a table of its own. At the end no item of it may be without a stamp, in any
// Region: this suite's form of "UnstampedWrites is zero".
func stamping(t *testing.T, options ...func(*lastwriter.Options)) (*dynamodb.Client, string) {
	t.Parallel()
	table := newTable(t, "orders")
	t.Cleanup(func() {
		for _, region := range []string{here, there} {
			for _, found := range must[*dynamodb.ScanOutput](t)(plainClient(region).Scan(ctx, &dynamodb.ScanInput{TableName: &table})).Items {
				if len(lastwriter.StampsOf(found)) == 0 {
					t.Error("a write went out without its stamp")
				}
			}
		}
	})
	show := func(o *lastwriter.Options) { o.Hide = false }
	return dynamodb.NewFromConfig(configIn(here, append(options, show)...)), table
}

func read(t *testing.T, client *dynamodb.Client, table string, key item) item {
	t.Helper()
	in := &dynamodb.GetItemInput{TableName: &table, Key: key, ConsistentRead: aws.Bool(true)}
	return must[*dynamodb.GetItemOutput](t)(client.GetItem(ctx, in)).Item
}

func write(t *testing.T, client *dynamodb.Client, table string, content item) {
	t.Helper()
	must[*dynamodb.PutItemOutput](t)(client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &table, Item: content}))
}

// before is an item for every shape of update.
func before() item {
	return item{
		"id": text("o-1"), "a": text("old"), "b": text("old"), "clicks": number("3"), "set_x": number("4"),
		"l":    &types.AttributeValueMemberL{Value: []types.AttributeValue{number("1"), number("2")}},
		"m":    &types.AttributeValueMemberM{Value: item{"add": number("1"), "set": number("2")}},
		"tags": &types.AttributeValueMemberSS{Value: []string{"x", "y"}},
	}
}

func TestAnUpdateDoesWhatItDoesWithoutTheStamp(t *testing.T) {
	values := item{
		":s": text("new"), ":l": &types.AttributeValueMemberL{Value: []types.AttributeValue{number("9")}}, ":one": number("1"),
		":tags": &types.AttributeValueMemberSS{Value: []string{"y", "z"}}, ":lwt": text("mine"), ":lwn": number("7"),
	}
	for _, shape := range []struct {
		expression string
		names      map[string]string
	}{
		{"SET a = :s", nil},
		{"SET l = list_append(l, :l), c = if_not_exists(c, :s)", nil},
		{"SET clicks = clicks + :one, set_x = set_x - :one", nil},
		{"SET m.#add = :one, l[0] = :one", map[string]string{"#add": "add"}},
		{"REMOVE a, l[1]", nil},
		{"ADD clicks :one, tags :tags", nil},
		{"DELETE tags :tags", nil},
		{"SET a = :s REMOVE b ADD clicks :one DELETE tags :tags", nil},
		{"delete tags :tags add clicks :one rEmove b set a = :s", nil},
		{"SET #set = :s, #lwt = :one REMOVE set_x", map[string]string{"#set": "set", "#lwt": "add"}},
		{"SET a = :lwt ADD clicks :lwn", nil},
		{"", nil},
	} {
		t.Run(shape.expression, func(t *testing.T) {
			client, table := stamping(t)
			plain, other := plainClient(here), newTable(t, "plain")
			for target, name := range map[*dynamodb.Client]string{client: table, plain: other} {
				write(t, target, name, before())
				in := &dynamodb.UpdateItemInput{TableName: &name, Key: key, ExpressionAttributeNames: shape.names}
				if shape.expression != "" {
					in.UpdateExpression = &shape.expression
					for placeholder, value := range values {
						if strings.Contains(shape.expression+" ", placeholder+" ") || strings.Contains(shape.expression, placeholder+",") || strings.Contains(shape.expression, placeholder+")") {
							if in.ExpressionAttributeValues == nil {
								in.ExpressionAttributeValues = item{}
							}
							in.ExpressionAttributeValues[placeholder] = value
						}
					}
				}
				must[*dynamodb.UpdateItemOutput](t)(target.UpdateItem(ctx, in))
			}
			found := read(t, client, table, key)
			if got, want := lastwriter.WithoutStamps(found), read(t, plain, other, key); !reflect.DeepEqual(got, want) {
				t.Errorf("%v and not %v", got, want)
			}
			if textOf(found[countName]) != "2" || textOf(found[timeName]) < textOf(found[resetName]) {
				t.Errorf("stamps: %v", lastwriter.StampsOf(found))
			}
		})
	}
}

func TestALegacyUpdateDoesWhatItDoesWithoutTheStamp(t *testing.T) {
	client, table := stamping(t)
	write(t, client, table, before())
	must[*dynamodb.UpdateItemOutput](t)(client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &table, Key: key,
		AttributeUpdates: map[string]types.AttributeValueUpdate{"a": {Value: text("new")}, "b": {Action: types.AttributeActionDelete}},
		Expected:         map[string]types.ExpectedAttributeValue{"clicks": {Value: number("3")}},
	}))
	found := read(t, client, table, key)
	if textOf(found["a"]) != "new" || found["b"] != nil || textOf(found[countName]) != "2" {
		t.Error(found)
	}
}

func TestWhatDynamoDBRejectsItStillRejects(t *testing.T) {
	for _, broken := range []string{"SET", "SET a = :s,", "SET a = :s SET b = :s", "nonsense", "REMOVE a, a"} {
		t.Run(broken, func(t *testing.T) {
			client, table := stamping(t)
			in := &dynamodb.UpdateItemInput{TableName: &table, Key: key, UpdateExpression: &broken}
			if strings.Contains(broken, ":s") {
				in.ExpressionAttributeValues = item{":s": text("v")}
			}
			_, err := client.UpdateItem(ctx, in)
			if err == nil || !strings.Contains(err.Error(), "ValidationException") || read(t, client, table, key) != nil {
				t.Error(err)
			}
		})
	}
}

func TestAConditionThatFailsFailsAndGivesTheItemWithoutItsStamps(t *testing.T) {
	client, table := stamping(t)
	hiding := dynamodb.NewFromConfig(configIn(here))
	write(t, client, table, before())
	found := read(t, client, table, key)
	_, err := hiding.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &table, Key: key, ConditionExpression: aws.String("a = :no"), ExpressionAttributeValues: item{":no": text("no")},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) || !reflect.DeepEqual(failed.Item, before()) {
		t.Error(err)
	}
	if after := read(t, client, table, key); !reflect.DeepEqual(after, found) {
		t.Error(after)
	}
}

func TestACreateHasNoResetAndASecondOneFails(t *testing.T) {
	client, table := stamping(t)
	create := func() error {
		_, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &table, Item: key, ConditionExpression: aws.String("attribute_not_exists(id)")})
		return err
	}
	var failed *types.ConditionalCheckFailedException
	if first, second := create(), create(); first != nil || !errors.As(second, &failed) {
		t.Error(first, second)
	}
	if found := read(t, client, table, key); textOf(found[countName]) != "1" || found[resetName] != nil {
		t.Error(found)
	}
}

func TestAPutOfWhatWasReadKeepsTheHistoryWithoutShowingIt(t *testing.T) {
	_, table := stamping(t)
	plain := plainClient(here)
	stored := item{
		"id": text("o-1"), "a": text("v"), "lw:n:eu-west-1": number("4"), "lw:t:eu-west-1": number("9"),
		countName: number("2"), timeName: number("8"),
	}
	write(t, plain, table, stored)
	client := dynamodb.NewFromConfig(configIn(here))
	found := read(t, client, table, key)
	if want := (item{"id": text("o-1"), "a": text("v")}); !reflect.DeepEqual(found, want) {
		t.Errorf("read: %v", found)
	}
	found["a"] = text("w")
	built := must[expression.Expression](t)(expression.NewBuilder().WithCondition(expression.Name(timeName).Equal(expression.Value(8))).Build())
	must[*dynamodb.PutItemOutput](t)(client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &table, Item: found, ConditionExpression: built.Condition(),
		ExpressionAttributeNames: built.Names(), ExpressionAttributeValues: built.Values(),
	}))
	after := read(t, plain, table, key)
	if textOf(after["a"]) != "w" || textOf(after[countName]) != "3" || textOf(after["lw:n:eu-west-1"]) != "4" || after[resetName] != nil {
		t.Errorf("stored: %v", after)
	}
	asked := must[*dynamodb.GetItemOutput](t)(client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &table, Key: key, ProjectionExpression: aws.String("#n"), ExpressionAttributeNames: map[string]string{"#n": countName},
	}))
	if want := (item{countName: number("3")}); !reflect.DeepEqual(asked.Item, want) {
		t.Errorf("asked for by name: %v", asked.Item)
	}
	filter := must[expression.Expression](t)(expression.NewBuilder().WithFilter(expression.Name(countName).Equal(expression.Value(3))).Build())
	scanned := must[*dynamodb.ScanOutput](t)(client.Scan(ctx, &dynamodb.ScanInput{
		TableName: &table, FilterExpression: filter.Filter(), ExpressionAttributeNames: filter.Names(), ExpressionAttributeValues: filter.Values(),
	}))
	if want := []map[string]types.AttributeValue{{"id": text("o-1"), "a": text("w")}}; !reflect.DeepEqual(scanned.Items, want) {
		t.Errorf("filtered: %v", scanned.Items)
	}
}

func TestAnUpdateThatWritesBackWhatWasReadIsStampedAllTheSame(t *testing.T) {
	client, table := stamping(t)
	write(t, client, table, before())
	found := read(t, client, table, key)
	var all expression.UpdateBuilder
	for name, value := range found {
		if name != "id" {
			all = all.Set(expression.NameNoDotSplit(name), expression.Value(value))
		}
	}
	built := must[expression.Expression](t)(expression.NewBuilder().WithUpdate(all).Build())
	must[*dynamodb.UpdateItemOutput](t)(client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &table, Key: key, UpdateExpression: built.Update(),
		ExpressionAttributeNames: built.Names(), ExpressionAttributeValues: built.Values(),
	}))
	after := read(t, client, table, key)
	if textOf(after[countName]) != "2" || textOf(after[timeName]) <= textOf(found[timeName]) {
		t.Errorf("stamps: %v", lastwriter.StampsOf(after))
	}
	if !reflect.DeepEqual(lastwriter.WithoutStamps(after), before()) {
		t.Error(after)
	}
}

func TestBatchesAreStamped(t *testing.T) {
	client, table := stamping(t)
	var requests []types.WriteRequest
	for number := range 25 {
		requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: item{"id": text(fmt.Sprint("o-", number))}}})
	}
	must[*dynamodb.BatchWriteItemOutput](t)(client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: requests}}))
	found := must[*dynamodb.ScanOutput](t)(client.Scan(ctx, &dynamodb.ScanInput{TableName: &table})).Items
	if len(found) != 25 {
		t.Errorf("%d items", len(found))
	}
	for _, one := range found {
		if textOf(one[countName]) != "1" || one[resetName] == nil {
			t.Error(one)
		}
	}
}

// losingFirst passes requests on, and loses the first answer.
type losingFirst struct {
	requests atomic.Int64
}

func (l *losingFirst) Do(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultClient.Do(request)
	if err == nil && l.requests.Add(1) == 1 {
		response.Body.Close()
		return nil, &http.MaxBytesError{Limit: 0}
	}
	return response, err
}

func TestAWriteWhoseAnswerWasLostIsSentAgainWithItsStamp(t *testing.T) {
	_, table := stamping(t)
	cfg := configIn(here)
	losing := &losingFirst{}
	cfg.HTTPClient = losing
	client := dynamodb.NewFromConfig(cfg)
	write(t, client, table, item{"id": text("o-1"), "a": text("v")})
	if got := losing.requests.Load(); got != 2 {
		t.Fatalf("%d requests", got)
	}
	if found := read(t, plainClient(here), table, key); textOf(found[countName]) != "1" || textOf(found[resetName]) != textOf(found[timeName]) {
		t.Error(found)
	}
}

func TestEachRegionsWriterStampsItsOwnRegion(t *testing.T) {
	_, table := stamping(t)
	for _, region := range []string{here, there} {
		client := dynamodb.NewFromConfig(configIn(region))
		must[*dynamodb.UpdateItemOutput](t)(client.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &table, Key: key, UpdateExpression: aws.String("REMOVE a")}))
		if found := read(t, plainClient(region), table, key); found["lw:n:"+region] == nil || found["lw:t:"+region] == nil {
			t.Error(found)
		}
	}
}

func TestASoftDeleteLeavesAMarkUntilItIsRevived(t *testing.T) {
	client, table := stamping(t)
	write(t, client, table, item{"id": text("o-1"), "a": text("v")})
	in := &dynamodb.UpdateItemInput{TableName: &table, Key: key, ConditionExpression: aws.String("attribute_exists(id)")}
	must[*dynamodb.UpdateItemOutput](t)(lastwriter.SoftDelete(ctx, client, in, lastwriter.Mark{TTLAttribute: "expires"}))
	marked := read(t, client, table, key)
	if mark, is := marked["lw:deleted"].(*types.AttributeValueMemberBOOL); !is || !mark.Value || marked["expires"] == nil || textOf(marked["a"]) != "v" {
		t.Error(marked)
	}
	revive := func() error {
		_, err := lastwriter.Revive(ctx, client, &dynamodb.UpdateItemInput{TableName: &table, Key: key}, lastwriter.Mark{TTLAttribute: "expires"})
		return err
	}
	var failed *types.ConditionalCheckFailedException
	if first, second := revive(), revive(); first != nil || !errors.As(second, &failed) {
		t.Error(first, second)
	}
	found := read(t, client, table, key)
	if names := lastwriter.WithoutStamps(found); len(names) != 2 || textOf(found[countName]) != "3" {
		t.Error(found)
	}
}

func TestWhatIsRememberedIsWhatThePutInAnotherProcessNeeds(t *testing.T) {
	client, table := stamping(t)
	write(t, client, table, item{"id": text("o-1")})
	read(t, client, table, key)
	history := must[item](t)(lastwriter.Remembered(ctx, client, table, key))
	other := dynamodb.NewFromConfig(configIn(here))
	content := maps.Clone(history)
	maps.Copy(content, key)
	write(t, other, table, content)
	if found := read(t, client, table, key); textOf(found[countName]) != "2" || textOf(found[resetName]) != textOf(history[resetName]) {
		t.Error(found)
	}
}
