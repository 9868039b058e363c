package live

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/guregu/dynamo/v2"
)

// note is an application's item. Like most, it knows its own attributes alone, so a put of it drops all others.
type note struct {
	PK   string `dynamo:"PK,hash"`
	SK   string `dynamo:"SK,range"`
	Text string `dynamodbav:"text" dynamo:"text"`
}

func TestEveryWayToWriteHandsOverWithoutAConflictAndLosesWithCertainty(t *testing.T) {
	for name, in := range map[string]func(region, pk string) store{
		"attributevalue, PutItem":            puts,
		"attributevalue, Query and PutItem":  queries,
		"attributevalue, TransactWriteItems": transactions,
		"attributevalue, BatchWriteItem":     batches,
		"expression builder":                 updates,
		"guregu dynamo, Put":                 guregu(func(s *guregued) gureguSave { return s.put }),
		"guregu dynamo, Update":              guregu(func(s *guregued) gureguSave { return s.update }),
		"guregu dynamo, WriteTx":             guregu(func(s *guregued) gureguSave { return s.transaction }),
		"guregu dynamo, Batch":               guregu(func(s *guregued) gureguSave { return s.batch }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pk := "go " + name
			handOverAndLose(t, pk, func(region string) store { return in(region, pk) })
		})
	}
}

// marshalled is the SDK with attributevalue. How an item is found and saved is what differs.
type marshalled struct {
	client *dynamodb.Client
	key    item
	find   func(*testing.T, *marshalled) item
	write  func(*testing.T, *marshalled, item)
}

func marshalledIn(region, pk string) *marshalled {
	return &marshalled{
		client: dynamodb.NewFromConfig(configIn(region)), key: item{"PK": text(pk), "SK": text("text")},
		find: get, write: putItem,
	}
}

func (m *marshalled) create(t *testing.T, text string) {
	putItem(t, m, m.marshal(t, note{PK: textOf(m.key["PK"]), SK: "text", Text: text}))
}

func (m *marshalled) read(t *testing.T) string { return textOf(get(t, m)["text"]) }

func (m *marshalled) save(t *testing.T, changed string) {
	found := m.find(t, m)
	if len(found) != 3 {
		t.Fatalf("a stamp is seen: %v", found)
	}
	var its note
	if err := attributevalue.UnmarshalMap(found, &its); err != nil {
		t.Fatal(err)
	}
	its.Text = changed
	m.write(t, m, m.marshal(t, its))
}

func (m *marshalled) marshal(t *testing.T, its note) item {
	return must[item](t)(attributevalue.MarshalMap(its))
}

func get(t *testing.T, m *marshalled) item {
	in := &dynamodb.GetItemInput{TableName: &world.Table, Key: m.key, ConsistentRead: aws.Bool(true)}
	return must[*dynamodb.GetItemOutput](t)(m.client.GetItem(ctx, in)).Item
}

func putItem(t *testing.T, m *marshalled, content item) {
	must[*dynamodb.PutItemOutput](t)(m.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &world.Table, Item: content}))
}

func puts(region, pk string) store { return marshalledIn(region, pk) }

func queries(region, pk string) store {
	made := marshalledIn(region, pk)
	made.find = func(t *testing.T, m *marshalled) item {
		// Which tells the names of the key's attributes.
		must[*dynamodb.DescribeTableOutput](t)(m.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &world.Table}))
		built := must[expression.Expression](t)(expression.NewBuilder().WithKeyCondition(expression.Key("PK").Equal(expression.Value(pk))).Build())
		pages := dynamodb.NewQueryPaginator(m.client, &dynamodb.QueryInput{
			TableName: &world.Table, KeyConditionExpression: built.KeyCondition(), ConsistentRead: aws.Bool(true),
			ExpressionAttributeNames: built.Names(), ExpressionAttributeValues: built.Values(),
		})
		return must[*dynamodb.QueryOutput](t)(pages.NextPage(ctx)).Items[0]
	}
	return made
}

func transactions(region, pk string) store {
	made := marshalledIn(region, pk)
	made.write = func(t *testing.T, m *marshalled, content item) {
		must[*dynamodb.TransactWriteItemsOutput](t)(m.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
			TransactItems: []types.TransactWriteItem{{Put: &types.Put{TableName: &world.Table, Item: content}}},
		}))
	}
	return made
}

func batches(region, pk string) store {
	made := marshalledIn(region, pk)
	made.write = func(t *testing.T, m *marshalled, content item) {
		must[*dynamodb.BatchWriteItemOutput](t)(m.client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
			RequestItems: map[string][]types.WriteRequest{world.Table: {{PutRequest: &types.PutRequest{Item: content}}}},
		}))
	}
	return made
}

func updates(region, pk string) store {
	made := marshalledIn(region, pk)
	made.write = func(t *testing.T, m *marshalled, content item) {
		built := must[expression.Expression](t)(expression.NewBuilder().
			WithUpdate(expression.Set(expression.Name("text"), expression.Value(textOf(content["text"])))).
			WithCondition(expression.Name("PK").AttributeExists()).Build())
		must[*dynamodb.UpdateItemOutput](t)(m.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &world.Table, Key: m.key, UpdateExpression: built.Update(), ConditionExpression: built.Condition(),
			ExpressionAttributeNames: built.Names(), ExpressionAttributeValues: built.Values(),
		}))
	}
	return made
}

// guregued is guregu/dynamo.
type guregued struct {
	db    *dynamo.DB
	table dynamo.Table
	pk    string
	write gureguSave
}

type gureguSave func(note) error

func guregu(way func(*guregued) gureguSave) func(region, pk string) store {
	return func(region, pk string) store {
		db := dynamo.New(configIn(region))
		made := &guregued{db: db, table: db.Table(world.Table), pk: pk}
		made.write = way(made)
		return made
	}
}

func (g *guregued) create(t *testing.T, text string) {
	if err := g.table.Put(note{g.pk, "text", text}).If("attribute_not_exists(PK)").Run(ctx); err != nil {
		t.Fatal(err)
	}
}

func (g *guregued) find(t *testing.T) (found note) {
	err := g.table.Get("PK", g.pk).Range("SK", dynamo.Equal, "text").Consistent(true).One(ctx, &found)
	if err != nil && err != dynamo.ErrNotFound {
		t.Fatal(err)
	}
	return found
}

func (g *guregued) read(t *testing.T) string { return g.find(t).Text }

func (g *guregued) save(t *testing.T, text string) {
	its := g.find(t)
	its.Text = text
	if err := g.write(its); err != nil {
		t.Fatal(err)
	}
}

func (g *guregued) put(its note) error { return g.table.Put(its).Run(ctx) }

func (g *guregued) update(its note) error {
	return g.table.Update("PK", its.PK).Range("SK", its.SK).Set("text", its.Text).Run(ctx)
}

func (g *guregued) transaction(its note) error {
	return g.db.WriteTx().Put(g.table.Put(its)).Idempotent(false).Run(ctx)
}

func (g *guregued) batch(its note) error {
	_, err := g.table.Batch("PK", "SK").Write().Put(its).Run(ctx)
	return err
}
