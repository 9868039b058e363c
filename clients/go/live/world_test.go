// Package live has the stamping client in applications: with the SDK's own helpers and guregu/dynamo, against a global table
// on this machine. It is a module of its own, so that the client needs none of what it is tested with; it has the newest SDK,
// where the client's own tests run with the oldest that is allowed.
package live

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"lastwriter"
)

const here, there = "us-east-1", "eu-west-1"

// patience is how long to wait for what should come at once: a limit for a machine that hangs, not an expectation.
const patience = 2 * time.Minute

var ctx = context.Background()

type item = map[string]types.AttributeValue

// world is a running lastwriter local, with its two Regions.
var world struct {
	Table       string
	Replicas    map[string]string
	Ledgers     map[string]string
	LedgerTable string `json:"ledger_table"`

	input   io.Writer
	lock    sync.Mutex
	changed *sync.Cond
	lines   []string
	ended   bool
	// cut is held while the Regions are cut off from each other.
	cut sync.Mutex
}

func TestMain(m *testing.M) {
	if arguments := os.Getenv(senderVariable); arguments != "" {
		sendOneTransaction(strings.Split(arguments, ","))
		return
	}
	os.Exit(withWorld(m.Run))
}

// program is the built lastwriter: that of this checkout, or what LASTWRITER_TEST_PROGRAM names.
func program() string {
	if named := os.Getenv("LASTWRITER_TEST_PROGRAM"); named != "" {
		return named
	}
	target := os.Getenv("CARGO_TARGET_DIR")
	if target == "" {
		target = "target"
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join("..", "..", "..", target)
	}
	return filepath.Join(target, "debug", "lastwriter")
}

func withWorld(run func() int) int {
	folder, err := os.MkdirTemp("", "lastwriter")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "endpoints.json")
	command := exec.Command(program(), "local", "--regions", here+","+there, "--endpoints-file", file, "--lag", "20ms")
	input, _ := command.StdinPipe()
	output, _ := command.StdoutPipe()
	command.Stderr = command.Stdout
	if err := command.Start(); err != nil {
		fmt.Fprintf(os.Stderr, "%v: run `make programs`, or set LASTWRITER_TEST_PROGRAM\n", err)
		return 1
	}
	defer command.Wait()
	defer command.Process.Signal(syscall.SIGTERM)
	world.input, world.changed = input, sync.NewCond(&world.lock)
	go func() { // It is read all the time, so that the program never waits for a full pipe.
		scanner := bufio.NewScanner(output)
		for scanner.Scan() {
			world.lock.Lock()
			world.lines = append(world.lines, scanner.Text())
			world.lock.Unlock()
			world.changed.Broadcast()
		}
		world.lock.Lock()
		world.ended = true
		world.lock.Unlock()
		world.changed.Broadcast()
	}()
	waitForLine(0, func(line string) bool { return strings.TrimSpace(line) == "Ready." })
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &world)
	}
	if err != nil {
		panic(err)
	}
	return run()
}

func waitForLine(start int, wanted func(string) bool) {
	expired := time.AfterFunc(patience, func() {
		world.lock.Lock()
		world.ended = true
		world.lock.Unlock()
		world.changed.Broadcast()
	})
	defer expired.Stop()
	world.lock.Lock()
	defer world.lock.Unlock()
	for at := start; ; at++ {
		for at == len(world.lines) {
			if world.ended {
				panic("lastwriter local ended, or did not print what was waited for; it printed:\n" + strings.Join(world.lines, "\n"))
			}
			world.changed.Wait()
		}
		if wanted(world.lines[at]) {
			return
		}
	}
}

// toggle cuts the Regions off from each other, or joins them again.
func toggle() {
	world.lock.Lock()
	seen := len(world.lines)
	world.lock.Unlock()
	fmt.Fprintln(world.input, here)
	waitForLine(seen, func(line string) bool {
		return strings.HasPrefix(line, here+" is cut off") || strings.HasPrefix(line, here+" is joined")
	})
}

// configIn is what an application in a Region has, with the one line that stamps.
func configIn(region string, options ...func(*lastwriter.Options)) aws.Config {
	cfg := plainConfig(region, world.Replicas[region])
	cfg.APIOptions = append(cfg.APIOptions, lastwriter.Stamp(append(options, func(o *lastwriter.Options) { o.Strict = true })...))
	return cfg
}

// plainConfig is that of an application that does not stamp.
func plainConfig(region, endpoint string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
}

func plainClient(region string) *dynamodb.Client {
	return dynamodb.NewFromConfig(plainConfig(region, world.Replicas[region]))
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

// when gives the first reading that is as wanted. It fails, with the last reading, where that does not come.
func when[T any](t *testing.T, what string, read func() T, wanted func(T) bool) T {
	t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		found := read()
		if wanted(found) {
			return found
		}
		if time.Now().After(limit) {
			t.Fatalf("waited in vain for %s; the last reading: %v", what, found)
		}
	}
}

func text(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} }

func number(value string) types.AttributeValue { return &types.AttributeValueMemberN{Value: value} }

func textOf(value types.AttributeValue) string {
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		return value.Value
	case *types.AttributeValueMemberN:
		return value.Value
	}
	return ""
}

// inside is an attribute of nested maps.
func inside(content item, path ...string) types.AttributeValue {
	for _, name := range path[:len(path)-1] {
		inner, is := content[name].(*types.AttributeValueMemberM)
		if !is {
			return nil
		}
		content = inner.Value
	}
	return content[path[len(path)-1]]
}

// conflicts are the ledger's entries of a PK that are conflicts.
func conflicts(t *testing.T, region, pk string) []item {
	ledger := dynamodb.NewFromConfig(plainConfig(region, world.Ledgers[region]))
	var found []item
	pages := dynamodb.NewScanPaginator(ledger, &dynamodb.ScanInput{TableName: &world.LedgerTable, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		for _, entry := range must[*dynamodb.ScanOutput](t)(pages.NextPage(ctx)).Items {
			switch textOf(entry["Kind"]) {
			case "unstamped_sample", "malformed_record", "stale_overwrite", "local_overwrite":
			default:
				if textOf(inside(entry, "Key", "PK")) == pk {
					found = append(found, entry)
				}
			}
		}
	}
	return found
}

// store is an application's way to one item, with a library, in one Region.
type store interface {
	create(t *testing.T, text string)
	// read gives the text of the item, empty where there is none.
	read(t *testing.T) string
	// save reads the item, changes its text, and saves it as the library does.
	save(t *testing.T, text string)
}

// handOverAndLose is what every library goes through: an item is handed over between two Regions, and then a write of it is
// lost. The hand-over reads in one Region what the other wrote, and saves it there. It is no conflict, though a put replaces
// the whole item. The loss is real: both Regions write while they are cut off from each other, and it has to be certain.
func handOverAndLose(t *testing.T, pk string, in func(region string) store) {
	ours, theirs := in(here), in(there)
	arrives := func(at store, text string) {
		t.Helper()
		when(t, text+" to arrive", func() string { return at.read(t) }, func(found string) bool { return found == text })
	}
	ours.create(t, "made")
	arrives(theirs, "made")
	theirs.save(t, "handed over")
	arrives(ours, "handed over")
	ours.save(t, "and back")
	arrives(theirs, "and back")

	world.cut.Lock()
	defer world.cut.Unlock()
	toggle()
	ours.save(t, "lost")
	theirs.save(t, "kept")
	toggle()
	found := when(t, "the conflict in the ledger", func() []item { return conflicts(t, here, pk) }, func(found []item) bool { return len(found) > 0 })
	arrives(ours, "kept")
	if len(found) != 1 {
		t.Fatalf("%d conflicts", len(found))
	}
	got := []string{
		textOf(found[0]["Confidence"]), textOf(found[0]["Kind"]), textOf(inside(found[0], "Loser", "Region")),
		textOf(inside(found[0], "Winner", "Region")), textOf(inside(found[0], "Loser", "Image", "text")),
	}
	if want := []string{"certain", "update_update", here, there, "lost"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v and not %v", got, want)
	}
	// The hand-overs came before it in the streams, so they have been judged.
	if others := conflicts(t, there, pk); len(others) > 0 {
		t.Errorf("the hand-overs, and the write that won, are no conflict: %v", others)
	}
}
