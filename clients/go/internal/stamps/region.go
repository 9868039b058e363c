package stamps

import (
	"fmt"
	"regexp"
	"strings"
)

// MaxRegionLength is the longest Region name that a stamp may hold, in bytes. The stream processor has the same limit.
const MaxRegionLength = 32

// The label before the Region: dynamodb.REGION, dynamodb-fips.REGION, ACCOUNT.ddb.REGION (account-based endpoints) and
// vpce-....dynamodb.REGION.vpce (interface endpoints), under whichever suffix the partition has. The forms are those of
// the service's endpoint rule set and of "AWS PrivateLink for DynamoDB".
var endpointForm = regexp.MustCompile(
	`(?i)\A[a-z]+://(?:[a-z0-9-]+\.)*(?:dynamodb|dynamodb-fips|ddb)\.([a-z]{2,4}(?:-[a-z]+)+-[0-9]+)\.[a-z0-9.-]+`)

// IsRegion reports whether a name is shaped like a Region's, as in us-east-1 or us-gov-west-1: words of lowercase
// letters, at least two, and a number, joined by hyphens. The stream processor has the same rule: it takes what is named
// otherwise for no stamp at all.
func IsRegion(name string) bool {
	if len(name) > MaxRegionLength {
		return false
	}
	words, start := 0, 0
	for at := 0; at < len(name); at++ {
		switch c := name[at]; {
		case 'a' <= c && c <= 'z':
		case c == '-' && at > start:
			words, start = words+1, at+1
		case '0' <= c && c <= '9' && at == start:
			return words >= 2 && onlyDigits(name[at:])
		default:
			return false
		}
	}
	return false
}

func onlyDigits(text string) bool {
	for at := 0; at < len(text); at++ {
		if text[at] < '0' || text[at] > '9' {
			return false
		}
	}
	return text != ""
}

// EndpointRegion is the Region in an AWS endpoint's host name; for any other host the Region that requests are signed
// for. Empty if neither tells.
func EndpointRegion(endpoint, signingRegion string) string {
	if match := endpointForm.FindStringSubmatch(endpoint); match != nil {
		return strings.ToLower(match[1])
	}
	return signingRegion
}

// RegionError says that a Region cannot be stamped with, and what to do.
type RegionError struct{ Region string }

func (e *RegionError) Error() string {
	if e.Region == "" {
		return "the client's Region is unknown: set the Region in the options of lastwriter.Stamp"
	}
	return fmt.Sprintf("%q is no Region to stamp with: words of lowercase letters and a number, joined by hyphens, "+
		"as in \"us-east-1\". Set Region in the options of lastwriter.Stamp to the replica's Region", e.Region)
}

// CheckRegion is nil for a Region to stamp with, and a RegionError for what the stream processor would not take.
func CheckRegion(region string) error {
	if IsRegion(region) {
		return nil
	}
	return &RegionError{Region: region}
}
