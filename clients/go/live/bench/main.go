// Bench tells what a stamp costs in time: go run ./bench. With -check it fails above the bars.
//
// It measures the whole call of the SDK with and without stamps, over HTTP to a process that answers at once, the two in turns, so
// that both meet the same machine. All is this process's CPU time, the garbage collector's with it.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"lastwriter"
)

const (
	// limitPercent is what of the whole call a batch or a transaction may take longer.
	limitPercent = 20.0
	rounds       = 50
	calls        = 200

	// answer is the argument of the process that answers.
	answer = "answer"
)

type item = map[string]types.AttributeValue

func text(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} }

func ofSize(attributes int) item {
	made := item{"id": text("o-1")}
	for number := range attributes {
		made["attribute"+strconv.Itoa(number)] = text("value")
	}
	return made
}

var (
	orders = aws.String("orders")
	key    = item{"id": text("o-1")}
)

// large is an update as applications send it, small the smallest that there is.
func large() *types.Update {
	return &types.Update{
		TableName: orders, Key: key, UpdateExpression: aws.String("SET address = :a, #s = :s REMOVE draft ADD revision :one"),
		ConditionExpression: aws.String("#s <> :s"), ExpressionAttributeNames: map[string]string{"#s": "state"},
		ExpressionAttributeValues: item{":a": text("Main St"), ":s": text("sent"), ":one": &types.AttributeValueMemberN{Value: "1"}},
	}
}

func small() *types.Update {
	return &types.Update{
		TableName: orders, Key: key, UpdateExpression: aws.String("SET address = :a"), ExpressionAttributeValues: item{":a": text("Main St")},
	}
}

type operation struct {
	name string
	bar  bool
	call func(*dynamodb.Client) error
}

func updateItem(of *types.Update) func(*dynamodb.Client) error {
	return func(client *dynamodb.Client) error {
		_, err := client.UpdateItem(context.Background(), &dynamodb.UpdateItemInput{
			TableName: of.TableName, Key: of.Key, UpdateExpression: of.UpdateExpression, ConditionExpression: of.ConditionExpression,
			ExpressionAttributeNames: of.ExpressionAttributeNames, ExpressionAttributeValues: of.ExpressionAttributeValues,
		})
		return err
	}
}

func transaction(of *types.Update) func(*dynamodb.Client) error {
	return func(client *dynamodb.Client) error {
		in := &dynamodb.TransactWriteItemsInput{}
		for range 10 {
			in.TransactItems = append(in.TransactItems, types.TransactWriteItem{Update: of})
		}
		_, err := client.TransactWriteItems(context.Background(), in)
		return err
	}
}

func batch(of item) func(*dynamodb.Client) error {
	requests := slices.Repeat([]types.WriteRequest{{PutRequest: &types.PutRequest{Item: of}}}, 25)
	return func(client *dynamodb.Client) error {
		_, err := client.BatchWriteItem(context.Background(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"orders": requests}})
		return err
	}
}

var operations = []operation{
	{"UpdateItem", false, updateItem(large())},
	{"UpdateItem, one attribute", false, updateItem(small())},
	{"PutItem, 30 attributes", false, func(client *dynamodb.Client) error {
		_, err := client.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: orders, Item: ofSize(30)})
		return err
	}},
	{"GetItem", false, func(client *dynamodb.Client) error {
		_, err := client.GetItem(context.Background(), &dynamodb.GetItemInput{TableName: orders, Key: key})
		return err
	}},
	{"TransactWriteItems, 10 updates", true, transaction(large())},
	{"TransactWriteItems, 10 updates of one attribute", false, transaction(small())},
	{"BatchWriteItem, 25 puts of 30 attributes", true, batch(ofSize(30))},
	{"BatchWriteItem, 25 puts of 5 attributes", false, batch(ofSize(5))},
}

// answering answers each request at once. It is a process of its own, whose time does not count.
func answering() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + listener.Addr().String())
	go func() { // Until the other process ends.
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return http.Serve(listener, http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		io.Copy(io.Discard, request.Body)
		answer.Header().Set("Content-Type", "application/x-amz-json-1.0")
		io.WriteString(answer, "{}")
	}))
}

// startAnswering starts such a process, and gives its endpoint. It ends when what is returned is closed, or this process ends.
func startAnswering() (string, io.Closer, error) {
	command := exec.Command(os.Args[0], answer)
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := command.Start(); err != nil {
		return "", nil, err
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	return strings.TrimSpace(line), input, err
}

func client(endpoint string, stamped bool) *dynamodb.Client {
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("none", "none", "")}
	if stamped {
		cfg.APIOptions = append(cfg.APIOptions, lastwriter.Stamp(func(o *lastwriter.Options) { o.Keys = map[string][]string{"orders": {"id"}} }))
	}
	return dynamodb.NewFromConfig(cfg)
}

// cpuTime is the CPU time that the process has had.
func cpuTime() (time.Duration, error) {
	var used syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), err
}

// measure gives the CPU time of a call without and with stamps. Its clock may tick in whole milliseconds, so the turns are
// added up, and each is many calls long.
func measure(endpoint string, measured operation) (without, stamped time.Duration, err error) {
	var spent [2]time.Duration
	clients := [2]*dynamodb.Client{client(endpoint, false), client(endpoint, true)}
	for range rounds {
		for at, client := range clients {
			start, err := cpuTime()
			if err != nil {
				return 0, 0, err
			}
			for range calls {
				if err := measured.call(client); err != nil {
					return 0, 0, err
				}
			}
			end, err := cpuTime()
			if err != nil {
				return 0, 0, err
			}
			spent[at] += end - start
		}
	}
	return spent[0] / (rounds * calls), spent[1] / (rounds * calls), nil
}

func microseconds(of time.Duration) float64 { return float64(of) / float64(time.Microsecond) }

func main() {
	if len(os.Args) == 2 && os.Args[1] == answer {
		log.Fatal(answering())
	}
	check := flag.Bool("check", false, fmt.Sprintf("fail where a batch or a transaction takes %.0f %% longer", limitPercent))
	flag.Parse()
	endpoint, answering, err := startAnswering()
	if err != nil {
		log.Fatal(err)
	}
	defer answering.Close()
	slow := false
	fmt.Println("The whole call, without and with stamps:")
	for _, measured := range operations {
		without, stamped, err := measure(endpoint, measured)
		if err != nil {
			log.Fatal(err)
		}
		more := 100 * float64(stamped-without) / float64(without)
		slow = slow || (measured.bar && more > limitPercent)
		fmt.Printf("%8.1f us %8.1f us %+6.1f %%  %s\n", microseconds(without), microseconds(stamped), more, measured.name)
	}
	if *check && slow {
		os.Exit(1)
	}
}
