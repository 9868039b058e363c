package lastwriter

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"lastwriter/internal/stamps"
)

var stampStems = []string{"lwt", "lwn"}

// updateText is what of an update a stamp changes or hangs on.
type updateText struct {
	expression, condition *string
	names                 map[string]string
	values                item
}

// isRejected reports whether DynamoDB rejects an empty map, and must go on to do so.
func (u *updateText) isRejected() bool {
	return (u.names != nil && len(u.names) == 0) || (u.values != nil && len(u.values) == 0)
}

// updateInput is the update with its stamp; nil where nothing is to be stamped.
func (s *Stamper) updateInput(to *replica, in *dynamodb.UpdateItemInput, now int64) (*dynamodb.UpdateItemInput, error) {
	table := tableName(*in.TableName)
	if err := s.tables.refuseEncrypted(table, nil); err != nil {
		return nil, err
	}
	seen := func() stamps.Stamps { return s.seen(to, table, in.Key) }
	sent := *in
	// DynamoDB does not take expressions and the parameters that they replaced in one request.
	if in.UpdateExpression == nil && (in.AttributeUpdates != nil || in.Expected != nil || in.ConditionalOperator != "") {
		updates, err := s.legacyUpdates(to, in.AttributeUpdates, seen, now)
		sent.AttributeUpdates = updates
		return &sent, err
	}
	text := updateText{in.UpdateExpression, in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues}
	stamped, err := s.updateText(to, text, seen, now)
	if err != nil || stamped == nil {
		return nil, err
	}
	sent.UpdateExpression, sent.ExpressionAttributeNames = stamped.expression, stamped.names
	sent.ExpressionAttributeValues = stamped.values
	return &sent, nil
}

// transactUpdate is an update of a transaction with its stamp; nil where nothing is to be stamped. With the caller's token
// it gets what any process would add.
func (s *Stamper) transactUpdate(to *replica, in *types.Update, now stampTime, alike bool) (*types.Update, error) {
	table := tableName(*in.TableName)
	if err := s.tables.refuseEncrypted(table, nil); err != nil || in.UpdateExpression == nil {
		return nil, err
	}
	text := updateText{in.UpdateExpression, in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues}
	var stamped *updateText
	var err error
	switch {
	case !alike:
		stamped, err = s.updateText(to, text, func() stamps.Stamps { return s.seen(to, table, in.Key) }, now.micros)
	case s.tokens == CountTokens:
		if !text.isRejected() {
			stamped, err = s.extendUpdate(to, text, nil)
		}
	default:
		stamped, err = s.updateText(to, text, func() stamps.Stamps { return stamps.Stamps{} }, now.micros)
	}
	if err != nil || stamped == nil {
		return nil, err
	}
	sent := *in
	sent.UpdateExpression, sent.ExpressionAttributeNames = stamped.expression, stamped.names
	sent.ExpressionAttributeValues = stamped.values
	return &sent, nil
}

// seen is what is remembered of the item with this key.
func (s *Stamper) seen(to *replica, table string, key item) stamps.Stamps {
	known, _ := s.memory.find(s.table(to, table), key)
	return known
}

// updateText adds the two clauses, whatever the expression holds. seen gives what is remembered of the item, for the few
// updates that need it. Nil where nothing is to be stamped.
func (s *Stamper) updateText(to *replica, text updateText, seen func() stamps.Stamps, now int64) (*updateText, error) {
	if text.isRejected() {
		return nil, nil
	}
	var reduced *updateText
	if text.expression != nil && s.namesStamps(text.names) {
		rest, err := withoutWrittenBack(s.names, text, seen(), now)
		if err != nil {
			return nil, err
		}
		if reduced = rest; rest != nil {
			text = *rest
		}
	}
	stamped, err := s.extendUpdate(to, text, number(now))
	if stamped == nil && err == nil {
		// Only clauses that really write are left of a valid expression, so it is the caller's stamp that stays.
		return reduced, nil
	}
	return stamped, err
}

func (s *Stamper) namesStamps(names map[string]string) bool {
	for _, name := range names {
		if s.names.Is(name) {
			return true
		}
	}
	return false
}

// extensionKey is what an expression with the stamp's clauses hangs on.
type extensionKey struct {
	expression      string
	is, time, count bool
	suffix          string
}

// extendUpdate adds the clauses of the stamp, without a time that of the count alone. Nil where nothing is to be added, or
// DynamoDB rejects the expression anyway.
func (s *Stamper) extendUpdate(to *replica, text updateText, now *types.AttributeValueMemberN) (*updateText, error) {
	key := extensionKey{is: text.expression != nil, time: now != nil, count: true}
	condition := ""
	if text.condition != nil {
		condition = *text.condition
	}
	if key.is {
		key.expression = *text.expression
		parsed := updates.get(key.expression, parseUpdate)
		if parsed == nil {
			return nil, nil
		}
		// A writer that stamps by hand goes on to do so: two actions on one path would fail the write.
		for _, target := range parsed.targets {
			if name, is := text.names[target]; is {
				key.time = key.time && name != to.timeName
				key.count = key.count && name != to.countName
			}
		}
	}
	if !key.time && !key.count {
		return nil, nil
	}
	key.suffix = placeholderSuffix(stampStems, []string{key.expression, condition}, text.names, text.values)
	expression := extended.get(key, extendedExpression)
	if len(expression) > maxExpressionBytes {
		return nil, &StampError{Reason: fmt.Sprintf("the update expression with its stamp would pass %d bytes: shorten it", maxExpressionBytes)}
	}
	stamped := updateText{expression: &expression, condition: text.condition, names: with(text.names, 2), values: with(text.values, 2)}
	if key.time {
		stamped.names["#lwt"+key.suffix], stamped.values[":lwt"+key.suffix] = to.timeName, now
	}
	if key.count {
		stamped.names["#lwn"+key.suffix], stamped.values[":lwn"+key.suffix] = to.countName, one
	}
	return &stamped, nil
}

func extendedExpression(key extensionKey) string {
	var additions []addition
	if key.time {
		additions = append(additions, addition{setSection, "#lwt" + key.suffix + " = :lwt" + key.suffix})
	}
	if key.count {
		additions = append(additions, addition{addSection, "#lwn" + key.suffix + " :lwn" + key.suffix})
	}
	var parsed *updateExpression
	if key.is {
		parsed = updates.get(key.expression, parseUpdate)
	}
	return extend(key.expression, parsed, additions)
}

// legacyUpdates adds the stamp to the parameters that expressions replaced. What the caller sets of it by hand stays.
func (s *Stamper) legacyUpdates(
	to *replica, given map[string]types.AttributeValueUpdate, seen func() stamps.Stamps, now int64,
) (map[string]types.AttributeValueUpdate, error) {
	rest, err := legacyWithoutWrittenBack(s.names, given, seen, now)
	if err != nil {
		return nil, err
	}
	stamped := with(rest, 2)
	if _, is := rest[to.timeName]; !is {
		stamped[to.timeName] = types.AttributeValueUpdate{Action: types.AttributeActionPut, Value: number(now)}
	}
	if _, is := rest[to.countName]; !is {
		stamped[to.countName] = types.AttributeValueUpdate{Action: types.AttributeActionAdd, Value: one}
	}
	return stamped, nil
}
