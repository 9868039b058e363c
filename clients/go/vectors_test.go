package lastwriter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
)

// The shared vectors of clients/conformance, and a real client of the SDK that sends nothing.

type object = map[string]any

// document is one file of vectors. Numbers stay as they are written.
type document struct {
	Clock   int64
	Vectors []vector
}

type vector struct {
	Name, Operation string
	Options         vectorOptions
	Clock           int64
	Input           object
	Output          any
	Steps           []step
	// Soft deletes.
	Call      string
	Arguments object
	// Conditions.
	Expression   string
	Item         []string
	Names        map[string]string
	Keys         []string
	MustNotExist bool
}

type step struct {
	Operation                      string
	Input, Answer, Error, Returned object
	Sent                           any
	Clock                          int64
	Lost, StrictFails              bool
}

type vectorOptions struct {
	Region, Prefix, Tokens, Encrypted string
	Tables                            *[]string
	Keys                              map[string][]string
	Hide                              *bool
	Remember                          *int
}

func (v vectorOptions) apply(o *Options) {
	o.Logger = slog.New(slog.DiscardHandler)
	o.Region = "us-east-1"
	if v.Region != "" {
		o.Region = v.Region
	}
	if v.Prefix != "" {
		o.Prefix = v.Prefix
	}
	if v.Tokens != "" {
		o.Tokens = Tokens(v.Tokens)
	}
	if v.Encrypted != "" {
		o.Encrypted = Encrypted(v.Encrypted)
	}
	if v.Tables != nil {
		o.Tables = OnlyTables(*v.Tables...)
	}
	if v.Keys != nil {
		o.Keys = v.Keys
	}
	if v.Hide != nil {
		o.Hide = *v.Hide
	}
	if v.Remember != nil {
		o.Remember = *v.Remember
	}
}

func load(t *testing.T, name string) document {
	t.Helper()
	text, err := os.ReadFile("../conformance/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var found document
	if err := json.Unmarshal(text, &found); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(found.Vectors) == 0 {
		t.Fatalf("%s has no vectors", name)
	}
	return found
}

// wire has what a client would have sent, and what it is answered.
type wire struct {
	sent    []object
	answers []answer
	// The latest request, and its body as it came.
	request *http.Request
	body    []byte
}

type answer struct {
	status int
	body   any
	err    error
}

func (w *wire) Do(request *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	var body object
	if err := json.Unmarshal(text, &body); err != nil {
		return nil, err
	}
	w.sent, w.request, w.body = append(w.sent, body), request, text
	next := answer{status: 200, body: object{}}
	if len(w.answers) > 0 {
		next, w.answers = w.answers[0], w.answers[1:]
	}
	if next.err != nil {
		return nil, next.err
	}
	answered, err := json.Marshal(next.body)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: next.status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: io.NopCloser(bytes.NewReader(answered)), Request: request,
	}, nil
}

func (w *wire) last() object { return w.sent[len(w.sent)-1] }

var errWireLost = errors.New("the connection was lost")

// offline is a client that sends nothing, stamped with these options, and what it would have sent.
func offline(options ...func(*Options)) (*dynamodb.Client, *wire) {
	caught := &wire{}
	return clientOf(caught, Stamp(options...)), caught
}

func clientOf(caught *wire, stamp func(*middleware.Stack) error, change ...func(*dynamodb.Options)) *dynamodb.Client {
	config := aws.Config{
		Region: "us-east-1", HTTPClient: caught, Credentials: testCredentials{},
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	if stamp != nil {
		config.APIOptions = append(config.APIOptions, stamp)
	}
	return dynamodb.NewFromConfig(config, change...)
}

type testCredentials struct{}

func (testCredentials) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
}

// invoke calls an operation by its name with a typed input.
func invoke(client *dynamodb.Client, operation string, input any) (any, error) {
	results := reflect.ValueOf(client).MethodByName(operation).Call(
		[]reflect.Value{reflect.ValueOf(context.Background()), reflect.ValueOf(input)})
	err, _ := results[1].Interface().(error)
	return results[0].Interface(), err
}

// inputOf is the typed input of an operation.
func inputOf(t *testing.T, operation string, plain object) any {
	t.Helper()
	method, is := reflect.TypeOf(&dynamodb.Client{}).MethodByName(operation)
	if !is {
		t.Fatalf("there is no operation %s", operation)
	}
	made := reflect.New(method.Type.In(2).Elem())
	fill(t, made.Elem(), plain)
	return made.Interface()
}

var attributeValue = reflect.TypeFor[types.AttributeValue]()

// fill sets a typed value to what is plain JSON.
func fill(t *testing.T, into reflect.Value, plain any) {
	t.Helper()
	if into.Type() == attributeValue {
		into.Set(reflect.ValueOf(typed(t, plain)))
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		fill(t, into.Elem(), plain)
	case reflect.Struct:
		for name, value := range plain.(object) {
			field := into.FieldByName(name)
			if !field.IsValid() {
				t.Fatalf("%s has no %s", into.Type(), name)
			}
			fill(t, field, value)
		}
	case reflect.Map:
		into.Set(reflect.MakeMap(into.Type()))
		for name, value := range plain.(object) {
			made := reflect.New(into.Type().Elem()).Elem()
			fill(t, made, value)
			into.SetMapIndex(reflect.ValueOf(name), made)
		}
	case reflect.Slice:
		values := plain.([]any)
		into.Set(reflect.MakeSlice(into.Type(), len(values), len(values)))
		for at, value := range values {
			fill(t, into.Index(at), value)
		}
	case reflect.String:
		into.SetString(plain.(string))
	case reflect.Bool:
		into.SetBool(plain.(bool))
	case reflect.Int32, reflect.Int64:
		into.SetInt(int64(plain.(float64)))
	default:
		t.Fatalf("no way to fill a %s", into.Type())
	}
}

func typed(t *testing.T, plain any) types.AttributeValue {
	t.Helper()
	for kind, value := range plain.(object) {
		switch kind {
		case "S":
			return &types.AttributeValueMemberS{Value: value.(string)}
		case "N":
			return &types.AttributeValueMemberN{Value: value.(string)}
		case "BOOL":
			return &types.AttributeValueMemberBOOL{Value: value.(bool)}
		case "NULL":
			return &types.AttributeValueMemberNULL{Value: value.(bool)}
		case "SS":
			var set []string
			for _, one := range value.([]any) {
				set = append(set, one.(string))
			}
			return &types.AttributeValueMemberSS{Value: set}
		case "L":
			list := []types.AttributeValue{}
			for _, one := range value.([]any) {
				list = append(list, typed(t, one))
			}
			return &types.AttributeValueMemberL{Value: list}
		case "M":
			return &types.AttributeValueMemberM{Value: typedItem(t, value)}
		}
	}
	t.Fatalf("no way to make an attribute value of %v", plain)
	return nil
}

func typedItem(t *testing.T, plain any) item {
	t.Helper()
	made := item{}
	for name, value := range plain.(object) {
		made[name] = typed(t, value)
	}
	return made
}

// plain is a typed value as JSON has it, without what is not set.
func plain(from reflect.Value) any {
	switch from.Kind() {
	case reflect.Interface, reflect.Pointer:
		if from.IsNil() {
			return nil
		}
		if value, is := from.Interface().(types.AttributeValue); is {
			kind := reflect.TypeOf(value).Elem().Name()[len("AttributeValueMember"):]
			return object{kind: plain(reflect.ValueOf(value).Elem().FieldByName("Value"))}
		}
		return plain(from.Elem())
	case reflect.Struct:
		made := object{}
		for at := range from.NumField() {
			field := from.Type().Field(at)
			if !field.IsExported() || field.Name == "ResultMetadata" {
				continue
			}
			if value := plain(from.Field(at)); value != nil {
				made[field.Name] = value
			}
		}
		return made
	case reflect.Map:
		if from.IsNil() {
			return nil
		}
		made := object{}
		for _, name := range from.MapKeys() {
			made[name.String()] = plain(from.MapIndex(name))
		}
		return made
	case reflect.Slice:
		if from.IsNil() {
			return nil
		}
		made := []any{}
		for at := range from.Len() {
			made = append(made, plain(from.Index(at)))
		}
		return made
	case reflect.String:
		if from.String() == "" {
			return nil
		}
		return from.String()
	case reflect.Int32, reflect.Int64:
		if from.Int() == 0 {
			return nil
		}
		return float64(from.Int())
	case reflect.Bool:
		return from.Bool()
	default:
		return nil
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		gotText, _ := json.MarshalIndent(got, "", " ")
		wantText, _ := json.MarshalIndent(want, "", " ")
		t.Errorf("%s:\n%s\nand not\n%s", what, gotText, wantText)
	}
}

// withoutGeneratedToken is what was sent without the token that the SDK makes up.
func withoutGeneratedToken(sent, input object) object {
	if _, is := input["ClientRequestToken"]; !is {
		delete(sent, "ClientRequestToken")
	}
	return sent
}
