// Package origin tells in which Region the write was made that a DynamoDB stream record tells of.
//
// Every replica's stream has all writes, local and replicated ones alike, and AWS marks neither: awsRegion is the Region
// whose stream was read. To act on an event once, act where its write was made:
//
//	for _, record := range event.Records {
//		if origin.OfEvent(record).IsLocal() {
//			sendMail(record)
//		}
//	}
package origin

import (
	"reflect"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"lastwriter/internal/stamps"
)

// Kind is where a write was made, seen from the stream that tells of it.
type Kind string

const (
	// Unknown is an unstamped write, a plain delete, or a record without both images.
	Unknown Kind = "unknown"
	// Local is in the Region of the stream.
	Local Kind = "local"
	// Replicated is in another Region, from which it came.
	Replicated Kind = "replicated"
)

// Origin is where a write was made. Region is empty for Unknown.
type Origin struct {
	Kind   Kind
	Region string
}

// IsLocal reports whether the write was made in the Region of the stream.
func (o Origin) IsLocal() bool { return o.Kind == Local }

var unknown = Origin{Kind: Unknown}

// Options are what a record does not say itself.
type Options struct {
	// Region of the stream, where the record does not say it as AWS does.
	Region string
	// Prefix is the stream processor's STAMP_PREFIX, "lw" by default.
	Prefix string
	// Attribute in which the table's writers name their Region, such as aws:rep:updateregion of the first version of global
	// tables. It is asked where the stamps do not tell.
	Attribute string
}

// record is what of a stream record the origin hangs on, whichever library gave it.
type record struct {
	event, region, arn string
	// What DynamoDB says of who removed the item.
	principalType, principal string
	old, new                 *image
}

// image is an item before or after a write.
type image struct {
	// all is the image as the library has it, to compare with another.
	all    any
	number func(name string) string
	text   func(name string) string
	isTrue func(name string) bool
	names  []string
}

// OfEvent is where the write of a record of a Lambda event was made.
//
// Stamps tell it: the Region whose stamp advanced between the images. So the stream's view type must be NEW_AND_OLD_IMAGES,
// and the writer must have stamped. Of a removed item the old image's mark tells it (lw:deleted: where it was marked), or
// else the identity of DynamoDB's TTL service, which only the Region gets in which TTL removed the item. A plain DeleteItem
// leaves no trace of its Region: Unknown.
func OfEvent(from events.DynamoDBEventRecord, options ...func(*Options)) Origin {
	found := record{event: from.EventName, region: from.AWSRegion, arn: from.EventSourceArn}
	if from.UserIdentity != nil {
		found.principalType, found.principal = from.UserIdentity.Type, from.UserIdentity.PrincipalID
	}
	found.old, found.new = eventImage(from.Change.OldImage), eventImage(from.Change.NewImage)
	return of(found, options)
}

// OfRecord is where the write of a record of the Streams API's GetRecords was made, as in OfEvent.
func OfRecord(from types.Record, options ...func(*Options)) Origin {
	found := record{event: string(from.EventName)}
	if from.AwsRegion != nil {
		found.region = *from.AwsRegion
	}
	if identity := from.UserIdentity; identity != nil && identity.Type != nil && identity.PrincipalId != nil {
		found.principalType, found.principal = *identity.Type, *identity.PrincipalId
	}
	if from.Dynamodb != nil {
		found.old, found.new = streamImage(from.Dynamodb.OldImage), streamImage(from.Dynamodb.NewImage)
	}
	return of(found, options)
}

func of(from record, options []func(*Options)) Origin {
	settings := Options{Prefix: "lw"}
	for _, change := range options {
		change(&settings)
	}
	here := settings.Region
	if here == "" {
		here = from.streamRegion()
	}
	names, err := stamps.NewNames(settings.Prefix)
	if err != nil || !stamps.IsRegion(here) {
		return unknown
	}
	inserted := from.event == "INSERT"
	switch {
	case from.event == "REMOVE":
		return ofRemoval(from, names, here)
	case from.event != "MODIFY" && !inserted:
		return unknown
	case !inserted && from.old != nil && from.new != nil && reflect.DeepEqual(from.old.all, from.new.all):
		return unknown // Equal images: nothing was written.
	}
	found := unknown
	if from.new != nil && (from.old != nil || inserted) {
		found = ofChange(from.old.stamps(names), from.new.stamps(names), here, inserted)
	}
	if found == unknown && settings.Attribute != "" && from.new != nil {
		if named := from.new.text(settings.Attribute); stamps.IsRegion(named) {
			return fromRegion(named, here)
		}
	}
	return found
}

func (r *record) streamRegion() string {
	if r.region != "" {
		return r.region
	}
	if parts := strings.Split(r.arn, ":"); len(parts) > 3 {
		return parts[3]
	}
	return ""
}

func (i *image) stamps(names *stamps.Names) stamps.Stamps {
	var found stamps.Stamps
	if i == nil {
		return found
	}
	for _, name := range i.names {
		if attribute, is := names.Parse(name); is {
			found.Set(attribute, stamps.ParsePart(i.number(name)))
		}
	}
	return found
}

func fromRegion(region, here string) Origin {
	if region == here {
		return Origin{Local, region}
	}
	return Origin{Replicated, region}
}

// latest is the Region with the latest time, on a tie the one with the smaller name.
func latest(pairs []stamps.RegionPair) (stamps.RegionPair, bool) {
	var found stamps.RegionPair
	for at, pair := range pairs {
		if at == 0 || pair.T.Value > found.T.Value || (pair.T.Value == found.T.Value && pair.Region < found.Region) {
			found = pair
		}
	}
	return found, len(pairs) > 0
}

func ofChange(old, new stamps.Stamps, here string, inserted bool) Origin {
	var foreign []stamps.RegionPair
	advancedHere := false
	for _, pair := range new.Pairs {
		before, is := old.Pair(pair.Region)
		switch advanced := !is || pair.N.Value > before.N.Value || pair.T.Value > before.T.Value; {
		case advanced && pair.Region == here:
			advancedHere = true
		case advanced:
			foreign = append(foreign, pair)
		}
	}
	arrived, is := latest(foreign)
	own, hasOwn := new.Pair(here)
	switch {
	case !is && !advancedHere:
		return unknown
	case !is, inserted && hasOwn && own.T.Value >= arrived.T.Value: // Or put back here with its stamps.
		return fromRegion(here, here)
	default:
		return fromRegion(arrived.Region, here)
	}
}

func ofRemoval(from record, names *stamps.Names, here string) Origin {
	if from.old != nil && from.old.isTrue(names.Deleted) {
		if marked, is := latest(from.old.stamps(names).Pairs); is {
			return fromRegion(marked.Region, here)
		}
	}
	if from.principalType == "Service" && from.principal == "dynamodb.amazonaws.com" {
		return fromRegion(here, here)
	}
	return unknown
}
