package lastwriter

import (
	"maps"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"lastwriter/internal/stamps"
)

func number(value int64) *types.AttributeValueMemberN {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(value, 10)}
}

// readPart is a count or time from an attribute value; not known for what is no integer in the range of a stamp.
func readPart(value types.AttributeValue) stamps.Part {
	if number, is := value.(*types.AttributeValueMemberN); is {
		return stamps.ParsePart(number.Value)
	}
	return stamps.Part{}
}

// readStamps are the stamps that an item carries.
func readStamps(names *stamps.Names, content item) stamps.Stamps {
	var found stamps.Stamps
	for name, value := range content {
		if attribute, is := names.Parse(name); is {
			found.Set(attribute, readPart(value))
		}
	}
	return found
}

// with is a copy of a map with room for what is to be added.
func with[V any](before map[string]V, more int) map[string]V {
	made := make(map[string]V, len(before)+more)
	maps.Copy(made, before)
	return made
}
