// Writer is a stamped application in Go, for the tests of several languages together:
//
//	writer REGION ENDPOINT TABLE
//
// Each line of standard input is an UpdateItem in DynamoDB JSON, without TableName; each line of standard output is the item
// as that write left it, stamps and all.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"lastwriter"
)

// update is a line of the input.
type update struct {
	Key                       json.RawMessage
	UpdateExpression          *string
	ConditionExpression       *string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues json.RawMessage
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: writer REGION ENDPOINT TABLE")
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}

func run(region, endpoint, table string) error {
	cfg := aws.Config{
		Region: region, BaseEndpoint: &endpoint, RetryMaxAttempts: 2,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
	cfg.APIOptions = append(cfg.APIOptions, lastwriter.Stamp(func(o *lastwriter.Options) { o.Strict, o.Hide = true, false }))
	client := dynamodb.NewFromConfig(cfg)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		in, err := inputOf(lines.Bytes(), table)
		if err != nil {
			return err
		}
		out, err := client.UpdateItem(context.Background(), in)
		if err != nil {
			return err
		}
		answer, err := attributevalue.MarshalMapJSON(out.Attributes)
		if err != nil {
			return err
		}
		fmt.Println(string(answer))
	}
	return lines.Err()
}

func inputOf(line []byte, table string) (*dynamodb.UpdateItemInput, error) {
	var given update
	if err := json.Unmarshal(line, &given); err != nil {
		return nil, err
	}
	key, err := attributevalue.UnmarshalMapJSON(given.Key)
	if err != nil {
		return nil, err
	}
	in := &dynamodb.UpdateItemInput{
		TableName: &table, Key: key, ReturnValues: types.ReturnValueAllNew, UpdateExpression: given.UpdateExpression,
		ConditionExpression: given.ConditionExpression, ExpressionAttributeNames: given.ExpressionAttributeNames,
	}
	if given.ExpressionAttributeValues != nil {
		if in.ExpressionAttributeValues, err = attributevalue.UnmarshalMapJSON(given.ExpressionAttributeValues); err != nil {
			return nil, err
		}
	}
	return in, nil
}
