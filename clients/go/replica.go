package lastwriter

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"

	"lastwriter/internal/stamps"
)

// replica is what a client talks to: an endpoint, and the Region to stamp with there. It is the Region of the endpoint, not
// the one that the caller runs in: a stamp that names another Region than the one written to is worth nothing.
type replica struct {
	endpoint, region string
	// wrong says why nothing can be stamped there.
	wrong error
	// The names of this Region's stamp.
	timeName, countName string
	// tables of it that were met.
	tables *cache[string, *table]
}

type replicaID struct{ endpoint, region string }

type hostID struct{ scheme, host, region string }

// accountHost is the host of an account-based endpoint. The SDK takes it for a table that is named by its ARN, too, so one
// table is reached there and at the Region's endpoint.
var accountHost = regexp.MustCompile(`\A[0-9]{12}\.ddb\.`)

// replica is the replica behind a request's URL. clientRegion is the Region for which the client signs.
func (s *Stamper) replica(to *url.URL, clientRegion string) *replica {
	host := hostID{to.Scheme, to.Host, clientRegion}
	if known, is := s.hosts.Load(host); is {
		return known.(*replica)
	}
	endpoint := to.Scheme + "://" + accountHost.ReplaceAllString(to.Host, "dynamodb.")
	region := s.region
	if region == "" {
		region = stamps.EndpointRegion(endpoint, clientRegion)
	}
	known, _ := s.replicas.LoadOrStore(replicaID{endpoint, region}, s.newReplica(endpoint, region))
	s.hosts.Store(host, known)
	return known.(*replica)
}

func (s *Stamper) newReplica(endpoint, region string) *replica {
	made := &replica{
		endpoint: endpoint, region: region, timeName: s.names.Time(region), countName: s.names.Count(region),
		tables: newCache[string, *table](1024),
	}
	if err := stamps.CheckRegion(region); err != nil {
		made.wrong = &StampError{Reason: err.Error(), Err: err}
	}
	for table, names := range s.tables.keys {
		s.table(made, table).learnKeyNames(names)
	}
	return made
}

// likely is the replica that a call of a client will go to, as its latest call with this Region did; nil before the first.
func (s *Stamper) likely(ctx context.Context) *replica {
	if known, is := s.latest.Load(awsmiddleware.GetRegion(ctx)); is {
		return known.(*replica)
	}
	return nil
}

// table is a table of a replica in the memory.
func (s *Stamper) table(at *replica, nameOrARN string) *table {
	return at.tables.get(nameOrARN, func(nameOrARN string) *table { return s.memory.table(at.endpoint, tableName(nameOrARN)) })
}

// failed is told of a write that could not be stamped: the error to return with strict, else none, and the first is logged.
func (s *Stamper) failed(to *replica, err error) error {
	stampError := asStampError(err)
	if s.strict {
		return stampError
	}
	s.log(to, stampError, "a write went out without its stamp")
	return nil
}

func (s *Stamper) log(to *replica, err *StampError, what string) {
	region := ""
	if to != nil {
		region = to.region
	}
	// Each table whose items are signed is told: its writes stay without stamps until something is done.
	kind := what
	if encrypted, is := err.Err.(*EncryptedItemError); is {
		kind = encrypted.Table
	}
	if _, told := s.told.LoadOrStore([2]string{region, kind}, true); told {
		return
	}
	logger := s.logger
	if logger == nil {
		logger = slog.Default()
	}
	logger.Error(fmt.Sprintf("lastwriter: %s (told once): %s", what, err.Reason), "region", region)
}
