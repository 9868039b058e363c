package lastwriter

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"lastwriter/internal/stamps"
)

// Stamps that an update writes itself: by hand, to stamp, or back again, as part of an item that was read.
//
// A mapper that saves all of an item's attributes sets its stamps to what it read, and the write would look as if it had
// never been made. So such a clause is taken out and the stamp advanced. One that advances a stamp by hand stays.

// oldestByHand is in microseconds. A time set by hand is that of the write: one that is older was read.
const oldestByHand int64 = 60_000_000

// source is where the value comes from that an update gives a stamp.
type source int

const (
	unclear source = iota
	wasRead
	byHand
)

// way is how a clause writes a stamp.
type way int

const (
	// otherWay is by removing it, or by a function of it.
	otherWay way = iota
	// setToNumber is by a number in the range of a stamp.
	setToNumber
	// advance is by adding to it: nobody does that with what was read.
	advance
)

type writtenStamp struct {
	way   way
	value int64
}

type writtenStamps map[stamps.Attribute]writtenStamp

// source tells where a stamp comes from that an update writes. known is what is remembered of its item.
func (w writtenStamps) source(attribute stamps.Attribute, known stamps.Stamps, now int64) source {
	written := w[attribute]
	pair, _ := known.Pair(attribute.Region)
	var part stamps.Part
	switch attribute.Kind {
	case stamps.Count:
		part = pair.N
	case stamps.Time:
		part = pair.T
	case stamps.Reset:
		part = known.Reset
	}
	switch {
	case written.way == advance:
		return byHand
	case written.way == otherWay:
		return unclear
	case part.Known && written.value <= part.Value:
		return wasRead
	case attribute.Kind == stamps.Count:
		// Times tell most, and a count goes with its time.
		beside := stamps.Attribute{Kind: stamps.Time, Region: attribute.Region}
		if _, is := w[beside]; is {
			return w.source(beside, known, now)
		}
		if part.Known {
			return byHand
		}
		return unclear
	case written.value < now-oldestByHand:
		return wasRead
	case attribute.Kind == stamps.Time && !part.Known &&
		w[stamps.Attribute{Kind: stamps.Count, Region: attribute.Region}].way == setToNumber:
		// Both parts as numbers: an item that was read a moment ago, or a stamp made by hand.
		return unclear
	default:
		return byHand
	}
}

// read are those that were read. A StampError where it cannot be told of one.
func (w writtenStamps) read(names *stamps.Names, known stamps.Stamps, now int64) (map[stamps.Attribute]bool, error) {
	found := map[stamps.Attribute]bool{}
	for attribute := range w {
		switch w.source(attribute, known, now) {
		case unclear:
			return nil, &StampError{Reason: fmt.Sprintf("an update writes %s, and it cannot be told whether it stamps by hand or "+
				"writes back what was read: leave stamps out of what you save, or add to the count with ADD and set the time",
				names.Name(attribute))}
		case wasRead:
			found[attribute] = true
		case byHand:
		}
	}
	return found, nil
}

// writtenAction is an action on a stamp: where it stands in the expression, and its path and operand.
type writtenAction struct {
	section, number int
	attribute       stamps.Attribute
	placeholders    [2]string
}

// withoutWrittenBack is the update without its written-back stamps; nil where it writes none back. Without an expression
// nothing is left of it. A StampError where it cannot be told of a stamp whether it was read.
func withoutWrittenBack(names *stamps.Names, text updateText, known stamps.Stamps, now int64) (*updateText, error) {
	odd := oddPlaceholders(names, text)
	expression := *text.expression
	for _, one := range odd {
		expression = replacePlaceholder(expression, one.original, one.plain)
	}
	parsed := parseUpdate(expression)
	if parsed == nil {
		return nil, nil
	}
	written := writtenStamps{}
	var actions []writtenAction
	for at, part := range parsed.parts {
		for number, action := range part.actions {
			target, operand := splitAction(part.kind, action)
			target, operand = odd.original(target), odd.original(operand)
			attribute, is := names.Parse(text.names[target])
			if !is {
				continue
			}
			written[attribute] = writtenBy(part.kind, operand, text.values[operand])
			actions = append(actions, writtenAction{at, number, attribute, [2]string{target, operand}})
		}
	}
	read, err := written.read(names, known, now)
	if err != nil || len(read) == 0 {
		return nil, err
	}
	var kept []string
	for at, part := range parsed.parts {
		var remaining []string
		for number, action := range part.actions {
			if !slices.ContainsFunc(actions, func(taken writtenAction) bool {
				return taken.section == at && taken.number == number && read[taken.attribute]
			}) {
				remaining = append(remaining, action)
			}
		}
		if len(remaining) > 0 {
			kept = append(kept, part.keyword+" "+strings.Join(remaining, ", "))
		}
	}
	rest := strings.Join(kept, " ")
	for _, one := range odd {
		rest = replacePlaceholder(rest, one.plain, one.original)
	}
	left := updateText{condition: text.condition, names: maps.Clone(text.names), values: maps.Clone(text.values)}
	used := rest
	if rest != "" {
		left.expression = &rest
	}
	if text.condition != nil {
		used += " " + *text.condition
	}
	for _, action := range actions {
		for _, placeholder := range action.placeholders {
			if read[action.attribute] && !hasPlaceholder(used, placeholder) {
				delete(left.names, placeholder)
				delete(left.values, placeholder)
			}
		}
	}
	return &left, nil
}

// splitAction gives an action's path, and what follows it.
func splitAction(kind section, action string) (string, string) {
	if kind == setSection {
		path, operand, _ := strings.Cut(action, "=")
		return strings.TrimSpace(path), strings.TrimSpace(operand)
	}
	path, _, _ := strings.Cut(strings.Join(strings.Fields(action), " "), " ")
	return path, ""
}

func writtenBy(kind section, operand string, value types.AttributeValue) writtenStamp {
	switch {
	case kind == addSection || (kind == setSection && strings.Contains(operand, "+")):
		return writtenStamp{way: advance}
	case kind == setSection:
		return writtenNumber(value)
	default:
		return writtenStamp{}
	}
}

func writtenNumber(value types.AttributeValue) writtenStamp {
	if part := readPart(value); part.Known {
		return writtenStamp{setToNumber, part.Value}
	}
	return writtenStamp{}
}

// legacyWithoutWrittenBack is legacy AttributeUpdates without written-back stamps.
func legacyWithoutWrittenBack(
	names *stamps.Names, updates map[string]types.AttributeValueUpdate, seen func() stamps.Stamps, now int64,
) (map[string]types.AttributeValueUpdate, error) {
	written := writtenStamps{}
	for name, update := range updates {
		attribute, is := names.Parse(name)
		if !is {
			continue
		}
		switch update.Action {
		case types.AttributeActionAdd:
			written[attribute] = writtenStamp{way: advance}
		case types.AttributeActionPut, "":
			written[attribute] = writtenNumber(update.Value)
		default:
			written[attribute] = writtenStamp{}
		}
	}
	if len(written) == 0 {
		return updates, nil
	}
	read, err := written.read(names, seen(), now)
	if err != nil {
		return nil, err
	}
	rest := maps.Clone(updates)
	for attribute := range read {
		delete(rest, names.Name(attribute))
	}
	return rest, nil
}

// oddPlaceholder is one with characters that DynamoDB does not take, and the plain one that stands for it here. Mappers
// that make one of a stamp's name, as :lw:n:us-east-1, go beyond the grammar, and the text could not be read.
type oddPlaceholder struct{ original, plain string }

type oddPlaceholderList []oddPlaceholder

func (l oddPlaceholderList) original(text string) string {
	for _, one := range l {
		if one.plain == text {
			return one.original
		}
	}
	return text
}

func oddPlaceholders(names *stamps.Names, text updateText) oddPlaceholderList {
	var found []string
	add := func(placeholder string) {
		if len(placeholder) > 1 && (placeholder[0] == '#' || placeholder[0] == ':') && !isPlain(placeholder[1:]) {
			found = append(found, placeholder)
		}
	}
	for alias, name := range text.names {
		if names.Is(name) {
			add(alias)
		}
	}
	for placeholder := range text.values {
		add(placeholder)
	}
	// The longest first, so that one which begins like another is not taken for it.
	slices.SortFunc(found, func(one, other string) int {
		return (len(other)-len(one))*2 + strings.Compare(one, other)
	})
	var list oddPlaceholderList
	for number, original := range found {
		list = append(list, oddPlaceholder{original, original[:1] + "lwplain" + strconv.Itoa(number)})
	}
	return list
}

func isPlain(text string) bool {
	for at := 0; at < len(text); at++ {
		if !isPlaceholderByte(text[at]) {
			return false
		}
	}
	return true
}

func isPlaceholderByte(c byte) bool {
	return c == '_' || ('0' <= c && c <= '9') || ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z')
}

// nextPlaceholder is where a placeholder stands in a text, from an offset on, and not as the beginning of a longer one.
func nextPlaceholder(text, placeholder string, from int) int {
	for {
		at := strings.Index(text[from:], placeholder)
		if at < 0 {
			return -1
		}
		end := from + at + len(placeholder)
		if end == len(text) || !isPlaceholderByte(text[end]) {
			return from + at
		}
		from += at + 1
	}
}

func hasPlaceholder(text, placeholder string) bool {
	return placeholder != "" && nextPlaceholder(text, placeholder, 0) >= 0
}

func replacePlaceholder(text, placeholder, replacement string) string {
	var replaced strings.Builder
	from := 0
	for at := nextPlaceholder(text, placeholder, 0); at >= 0; at = nextPlaceholder(text, placeholder, from) {
		replaced.WriteString(text[from:at] + replacement)
		from = at + len(placeholder)
	}
	return replaced.String() + text[from:]
}
