package lastwriter

import (
	"strings"
	"sync"
	"sync/atomic"
)

// What client-side encryption leaves in an item: the material description of the AWS Database Encryption SDK, and that of
// the DynamoDB Encryption Client before it. Both sign the item as they were given it.
const (
	databaseEncryptionSDK = "aws_dbe_head"
	encryptionClient      = "*amzn-ddb-map-desc*"
)

// tableName is the bare name: DynamoDB takes an ARN wherever it takes a table's name.
func tableName(nameOrARN string) string {
	if strings.HasPrefix(nameOrARN, "arn:") {
		return nameOrARN[strings.LastIndexByte(nameOrARN, '/')+1:]
	}
	return nameOrARN
}

// tableSettings are the tables to stamp, their keys as far as the settings tell, and whether signed items may be stamped.
type tableSettings struct {
	covered          func(string) bool
	keys             map[string][]string
	refusesEncrypted bool
	// encrypted has the names of the tables in which a signed item was seen, if there is any.
	encrypted    sync.Map
	anyEncrypted atomic.Bool
}

// covers reports whether writes to this table are stamped.
func (t *tableSettings) covers(nameOrARN *string) bool {
	return nameOrARN != nil && (t.covered == nil || t.covered(tableName(*nameOrARN)))
}

// notice takes note of a table whose items are signed, from one that was read.
func (t *tableSettings) notice(table string, content item) {
	if library := signer(content); library != "" && t.refusesEncrypted {
		t.encrypted.LoadOrStore(table, library)
		t.anyEncrypted.Store(true)
	}
}

// refuseEncrypted is an error for a write to an item that is signed, unless the settings allow for it.
func (t *tableSettings) refuseEncrypted(table string, content item) error {
	if !t.refusesEncrypted {
		return nil
	}
	library := signer(content)
	if library == "" {
		if !t.anyEncrypted.Load() {
			return nil
		}
		known, is := t.encrypted.Load(table)
		if !is {
			return nil
		}
		library = known.(string)
	}
	t.encrypted.LoadOrStore(table, library)
	t.anyEncrypted.Store(true)
	refused := &EncryptedItemError{Table: table, Library: library}
	return &StampError{Reason: refused.Error(), Err: refused}
}

// signer is the library that signed an item, empty if none did.
func signer(content item) string {
	if _, is := content[databaseEncryptionSDK]; is {
		return "the AWS Database Encryption SDK"
	}
	if _, is := content[encryptionClient]; is {
		return "the DynamoDB Encryption Client"
	}
	return ""
}
