package lastwriter

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"lastwriter/internal/stamps"
)

// stampStem begins the placeholders of a stamp's.
const stampStem = "lw"

var stampStems = []string{stampStem + "t", stampStem + "n"}

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

// stamped is the update with its stamp.
func (u *updateText) stamped(m *moment, stamp updateStamp) *updateText {
	made := updateText{&stamp.expression, u.condition, with(u.names, 2), with(u.values, 2)}
	if stamp.time {
		made.names["#lwt"+stamp.suffix], made.values[":lwt"+stamp.suffix] = m.to.timeName, m.value
	}
	if stamp.count {
		made.names["#lwn"+stamp.suffix], made.values[":lwn"+stamp.suffix] = m.to.countName, one
	}
	return &made
}

// updateInput is the update with its stamp; the one given where nothing is to be stamped, or where it goes into the body.
func (s *Stamper) updateInput(m *moment, p *splices, in *dynamodb.UpdateItemInput) (*dynamodb.UpdateItemInput, error) {
	its := s.table(m.to, *in.TableName)
	if err := s.tables.refuseEncrypted(its.name, nil); err != nil {
		return in, err
	}
	sent := *in
	// DynamoDB does not take expressions and the parameters that they replaced in one request.
	if in.UpdateExpression == nil && (in.AttributeUpdates != nil || in.Expected != nil || in.ConditionalOperator != "") {
		if m.spliced {
			return in, errNotSpliced
		}
		updates, err := s.legacyUpdates(m, in.AttributeUpdates, func() stamps.Stamps { return s.seen(its, in.Key) })
		if err != nil {
			return in, err
		}
		sent.AttributeUpdates = updates
		return &sent, nil
	}
	text := updateText{in.UpdateExpression, in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues}
	stamped, err := s.updateText(m, p, text, its, in.Key)
	if err != nil || stamped == nil {
		return in, err
	}
	sent.UpdateExpression, sent.ExpressionAttributeNames = stamped.expression, stamped.names
	sent.ExpressionAttributeValues = stamped.values
	return &sent, nil
}

// transactUpdate is an update of a transaction, like updateInput.
func (s *Stamper) transactUpdate(m *moment, p *splices, in *types.Update) (*types.Update, error) {
	text := updateText{in.UpdateExpression, in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues}
	its := s.table(m.to, *in.TableName)
	err := s.tables.refuseEncrypted(its.name, nil)
	var stamped *updateText
	if err == nil && in.UpdateExpression != nil {
		stamped, err = s.updateText(m, p, text, its, in.Key)
	} else {
		p.texts(text, updateStamp{})
	}
	if err != nil || stamped == nil {
		return in, err
	}
	sent := *in
	sent.UpdateExpression, sent.ExpressionAttributeNames = stamped.expression, stamped.names
	sent.ExpressionAttributeValues = stamped.values
	return &sent, nil
}

// seen is what is remembered of the item with this key.
func (s *Stamper) seen(its *table, key item) stamps.Stamps {
	known, _ := s.memory.find(its, key)
	return known
}

// updateText adds the two clauses, whatever the expression holds. Nil where nothing is to be stamped, or where the stamp goes
// into the body.
func (s *Stamper) updateText(m *moment, p *splices, text updateText, its *table, key item) (*updateText, error) {
	if text.isRejected() {
		p.texts(text, updateStamp{})
		return nil, nil
	}
	countAlone := m.alike && s.tokens == CountTokens
	var reduced *updateText
	if text.expression != nil && !countAlone && s.namesStamps(text.names) {
		if m.spliced {
			return nil, errNotSpliced
		}
		var known stamps.Stamps
		if !m.alike { // Another process, which may send it again, has seen other items.
			known = s.seen(its, key)
		}
		rest, err := withoutWrittenBack(s.names, text, known, m.time)
		if err != nil {
			return nil, err
		}
		if reduced = rest; rest != nil {
			text = *rest
		}
	}
	if m.spliced && text.expression == nil {
		return nil, errNotSpliced
	}
	stamp, err := s.updateStamp(m.to, text, !countAlone)
	switch {
	case err != nil:
		p.texts(text, updateStamp{})
		return nil, err
	case m.spliced:
		p.texts(text, stamp)
		return nil, nil
	case stamp.expression == "":
		// Only clauses that really write are left of a valid expression, so it is the caller's stamp that stays.
		return reduced, nil
	default:
		return text.stamped(m, stamp), nil
	}
}

func (s *Stamper) namesStamps(names map[string]string) bool {
	for _, name := range names {
		if s.names.Is(name) {
			return true
		}
	}
	return false
}

// clauses are those that a stamp adds to an update: which, and the suffix of their placeholders.
type clauses struct {
	time, count bool
	suffix      string
}

// updateStamp is what an update is stamped with; without an expression nothing.
type updateStamp struct {
	clauses
	extendedText
}

// extendedText is an expression with its clauses, and the same as a member of a JSON object.
type extendedText struct{ expression, member string }

// extensionKey is what an expression with its clauses hangs on.
type extensionKey struct {
	clauses
	is         bool
	expression string
}

// updateStamp is the stamp of an update. Nothing where DynamoDB rejects the expression anyway.
func (s *Stamper) updateStamp(to *replica, text updateText, withTime bool) (updateStamp, error) {
	key := extensionKey{is: text.expression != nil, clauses: clauses{time: withTime, count: true}}
	condition, likeOurs := "", false
	if text.condition != nil {
		condition = *text.condition
	}
	if key.is {
		key.expression = *text.expression
		parsed := updates.get(key.expression, parseUpdate)
		if parsed == nil {
			return updateStamp{}, nil
		}
		likeOurs = parsed.likeOurs
		// A writer that stamps by hand goes on to do so: two actions on one path would fail the write.
		for _, target := range parsed.targets {
			if name, is := text.names[target]; is {
				key.time = key.time && name != to.timeName
				key.count = key.count && name != to.countName
			}
		}
	}
	if !key.time && !key.count {
		return updateStamp{}, nil
	}
	if likeOurs || strings.Contains(condition, stampStem) || mayUse(stampStem, text.names) || mayUse(stampStem, text.values) {
		key.suffix = placeholderSuffix(stampStems, []string{key.expression, condition}, text.names, text.values)
	}
	made := extended.get(key, extendText)
	if len(made.expression) > maxExpressionBytes {
		return updateStamp{}, &StampError{Reason: fmt.Sprintf("the update expression with its stamp would pass %d bytes: shorten it", maxExpressionBytes)}
	}
	return updateStamp{key.clauses, made}, nil
}

func extendText(key extensionKey) extendedText {
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
	expression := extend(key.expression, parsed, additions)
	return extendedText{expression, string(expressionMark[:len(expressionMark)-1]) + quoted(expression)}
}

// legacyUpdates adds the stamp to the parameters that expressions replaced. What the caller sets of it by hand stays.
func (s *Stamper) legacyUpdates(
	m *moment, given map[string]types.AttributeValueUpdate, seen func() stamps.Stamps,
) (map[string]types.AttributeValueUpdate, error) {
	rest, err := legacyWithoutWrittenBack(s.names, given, seen, m.time)
	if err != nil {
		return nil, err
	}
	stamped := with(rest, 2)
	if _, is := rest[m.to.timeName]; !is {
		stamped[m.to.timeName] = types.AttributeValueUpdate{Action: types.AttributeActionPut, Value: m.value}
	}
	if _, is := rest[m.to.countName]; !is {
		stamped[m.to.countName] = types.AttributeValueUpdate{Action: types.AttributeActionAdd, Value: one}
	}
	return stamped, nil
}
