package origin

import (
	"maps"
	"slices"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

func eventImage(from map[string]events.DynamoDBAttributeValue) *image {
	if from == nil {
		return nil
	}
	// A value of another type panics where it is asked for its content.
	has := func(name string, kind events.DynamoDBDataType) (events.DynamoDBAttributeValue, bool) {
		value, is := from[name]
		return value, is && value.DataType() == kind
	}
	return &image{
		all:   from,
		names: slices.Collect(maps.Keys(from)),
		number: func(name string) string {
			if value, is := has(name, events.DataTypeNumber); is {
				return value.Number()
			}
			return ""
		},
		text: func(name string) string {
			if value, is := has(name, events.DataTypeString); is {
				return value.String()
			}
			return ""
		},
		isTrue: func(name string) bool {
			value, is := has(name, events.DataTypeBoolean)
			return is && value.Boolean()
		},
	}
}

func streamImage(from map[string]types.AttributeValue) *image {
	if from == nil {
		return nil
	}
	return &image{
		all:   from,
		names: slices.Collect(maps.Keys(from)),
		number: func(name string) string {
			if value, is := from[name].(*types.AttributeValueMemberN); is {
				return value.Value
			}
			return ""
		},
		text: func(name string) string {
			if value, is := from[name].(*types.AttributeValueMemberS); is {
				return value.Value
			}
			return ""
		},
		isTrue: func(name string) bool {
			value, is := from[name].(*types.AttributeValueMemberBOOL)
			return is && value.Value
		},
	}
}
