package origin

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

type vector struct {
	Name    string
	Options struct{ Region, Prefix, OriginAttribute string }
	Record  json.RawMessage
	Origin  struct{ Kind, Region string }
}

func eachVector(t *testing.T, test func(t *testing.T, vector vector, options func(*Options))) {
	text, err := os.ReadFile("../../conformance/origin.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct{ Vectors []vector }
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if len(document.Vectors) == 0 {
		t.Fatal("there are no vectors")
	}
	for _, vector := range document.Vectors {
		t.Run(vector.Name, func(t *testing.T) {
			test(t, vector, func(o *Options) {
				o.Region, o.Attribute = vector.Options.Region, vector.Options.OriginAttribute
				if vector.Options.Prefix != "" {
					o.Prefix = vector.Options.Prefix
				}
			})
		})
	}
}

func check(t *testing.T, vector vector, got Origin) {
	t.Helper()
	want := Origin{Kind(vector.Origin.Kind), vector.Origin.Region}
	if got != want || got.IsLocal() != (want.Kind == Local) {
		t.Errorf("%v and not %v", got, want)
	}
}

func TestTheOriginOfALambdaEventsRecord(t *testing.T) {
	eachVector(t, func(t *testing.T, vector vector, options func(*Options)) {
		var record events.DynamoDBEventRecord
		if err := json.Unmarshal(vector.Record, &record); err != nil {
			t.Fatal(err)
		}
		check(t, vector, OfEvent(record, options))
	})
}

func TestTheOriginOfARecordOfTheStreamsAPI(t *testing.T) {
	eachVector(t, func(t *testing.T, vector vector, options func(*Options)) {
		var plain struct {
			EventName, AwsRegion, EventSourceARN string
			UserIdentity                         *struct{ PrincipalId, Type string }
			Dynamodb                             *struct{ OldImage, NewImage map[string]map[string]any }
		}
		if err := json.Unmarshal(vector.Record, &plain); err != nil {
			t.Fatal(err)
		}
		record := types.Record{EventName: types.OperationType(plain.EventName)}
		if plain.AwsRegion != "" {
			record.AwsRegion = &plain.AwsRegion
		} else if plain.EventSourceARN != "" {
			t.Skip("the Streams API has no ARN in a record")
		}
		if plain.UserIdentity != nil {
			record.UserIdentity = &types.Identity{PrincipalId: &plain.UserIdentity.PrincipalId, Type: &plain.UserIdentity.Type}
		}
		if plain.Dynamodb != nil {
			record.Dynamodb = &types.StreamRecord{
				OldImage: typedImage(t, plain.Dynamodb.OldImage), NewImage: typedImage(t, plain.Dynamodb.NewImage),
			}
		}
		check(t, vector, OfRecord(record, options))
	})
}

func typedImage(t *testing.T, plain map[string]map[string]any) map[string]types.AttributeValue {
	if plain == nil {
		return nil
	}
	made := map[string]types.AttributeValue{}
	for name, value := range plain {
		switch {
		case value["S"] != nil:
			made[name] = &types.AttributeValueMemberS{Value: value["S"].(string)}
		case value["N"] != nil:
			made[name] = &types.AttributeValueMemberN{Value: value["N"].(string)}
		case value["BOOL"] != nil:
			made[name] = &types.AttributeValueMemberBOOL{Value: value["BOOL"].(bool)}
		default:
			t.Fatalf("no way to make an attribute value of %v", value)
		}
	}
	return made
}

func TestEveryVectorHasARecordThatTheTypesCanHold(t *testing.T) {
	// So that no vector passes for want of what it is about.
	eachVector(t, func(t *testing.T, vector vector, _ func(*Options)) {
		var record events.DynamoDBEventRecord
		var plain struct {
			Dynamodb struct{ OldImage, NewImage map[string]any }
		}
		if err := json.Unmarshal(vector.Record, &record); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(vector.Record, &plain); err != nil {
			t.Fatal(err)
		}
		sizes := []int{len(record.Change.OldImage), len(record.Change.NewImage)}
		if want := []int{len(plain.Dynamodb.OldImage), len(plain.Dynamodb.NewImage)}; !reflect.DeepEqual(sizes, want) {
			t.Errorf("%v attributes and not %v", sizes, want)
		}
	})
}
