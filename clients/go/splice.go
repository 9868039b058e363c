package lastwriter

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"unicode"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"lastwriter/internal/stamps"
)

// The stamps in a request that the SDK has serialised already.
//
// To copy an item of thirty attributes costs more than all else that is done to stamp it, and to copy the maps of an update
// much. So the SDK serialises what the caller gave, and what a stamped request has more is spliced into its body.
//
// Where a member begins can be seen in the text: "Item":{ stands nowhere else in JSON, since in a string each quote is
// escaped. How often it does must be what the request says; an attribute may have that name too. Then, where more changes
// than is added, and where an item seems to carry stamps itself, the request is stamped in the SDK's structures instead.

const (
	itemMark       mark = `"Item":{`
	namesMark      mark = `"ExpressionAttributeNames":{`
	valuesMark     mark = `"ExpressionAttributeValues":{`
	expressionMark mark = `"UpdateExpression":"`
)

// mark is how a member begins.
type mark string

// after is the offset behind the next mark, from an offset on. It is looked for by its capital letter that the others do not
// have: quotes are everywhere in JSON.
func (m mark) after(body []byte, from int) (int, bool) {
	letter := strings.LastIndexFunc(string(m), unicode.IsUpper)
	if m == expressionMark {
		letter = 1
	}
	for from += letter; from < len(body); from++ {
		at := bytes.IndexByte(body[from:], m[letter])
		if at < 0 {
			return 0, false
		}
		from += at
		if rest := body[from-letter:]; len(rest) >= len(m) && string(rest[:len(m)]) == string(m) {
			return from - letter + len(m), true
		}
	}
	return 0, false
}

// splices are the texts to put into a body, in the order in which the writes stand there.
type splices struct {
	// carried begins the name of each stamp attribute: where a put does, the item has one of its own.
	carried []byte
	at      *moment
	names   *stamps.Names
	// For each put the stamp that goes to the start of its item, nil for none.
	puts []*putStamp
	// For each write with names or values what goes to the start of these.
	aliases, values []string
	// For each write with an update expression what goes before it, and what stands in its place.
	expressions []expressionSplice
}

type expressionSplice struct {
	members string
	// member is the new expression; empty where the old one stays.
	member string
}

// clauseMembers are the members that an update's stamp adds to names and values, each with a comma behind it.
type clauseMembers struct{ names, values string }

// clauseMembers are the members of an update's stamp.
func (m *moment) clauseMembers(of clauses) clauseMembers {
	if m.latest == of {
		return m.members
	}
	var its clauseMembers
	if of.time {
		its.names = `"#lwt` + of.suffix + `":"` + m.to.timeName + `",`
		its.values = `":lwt` + of.suffix + `":{"N":"` + m.value.Value + `"},`
	}
	if of.count {
		its.names += `"#lwn` + of.suffix + `":"` + m.to.countName + `",`
		its.values += `":lwn` + of.suffix + `":{"N":"1"},`
	}
	m.latest, m.members = of, its
	return its
}

// expect makes room for so many writes.
func (p *splices) expect(writes int) {
	texts := make([]string, 2*writes)
	p.aliases, p.values = texts[:0:writes], texts[writes:writes]
	p.expressions = make([]expressionSplice, 0, writes)
}

// texts tells of a write's names, values and update expression, and what its stamp adds to them, if it has one.
func (p *splices) texts(text updateText, stamp updateStamp) {
	its := p.at.clauseMembers(stamp.clauses)
	members := ""
	if text.names != nil {
		p.aliases = append(p.aliases, its.names)
	} else if its.names != "" {
		members = string(namesMark) + its.names[:len(its.names)-1] + "},"
	}
	if text.values != nil {
		p.values = append(p.values, its.values)
	} else if its.values != "" {
		members += string(valuesMark) + its.values[:len(its.values)-1] + "},"
	}
	if text.expression != nil {
		p.expressions = append(p.expressions, expressionSplice{members, stamp.member})
	}
}

// edit is what to put into a body, in place of some bytes: a text, or the attributes of a stamp.
type edit struct {
	at, gone int
	text     string
	stamp    *putStamp
	// last is set where nothing follows in the same object.
	last bool
}

// into is the body with what is added. False where it cannot be put there.
func (p *splices) into(body []byte) (*segments, bool) {
	// What goes to the members of one name, each in the order of the body.
	var runs [4][]edit
	if len(p.puts) > 0 {
		if bytes.Contains(body, p.carried) {
			return nil, false
		}
		runs[0] = make([]edit, len(p.puts))
		for number, stamp := range p.puts {
			runs[0][number].stamp = stamp
		}
		if !itemMark.find(body, runs[0]) {
			return nil, false
		}
	}
	for run, members := range []struct {
		mark  mark
		texts []string
	}{{namesMark, p.aliases}, {valuesMark, p.values}} {
		if !slices.ContainsFunc(members.texts, func(text string) bool { return text != "" }) {
			continue
		}
		edits := make([]edit, len(members.texts))
		for number, text := range members.texts {
			edits[number].text = text
		}
		if runs[1+run] = edits; !members.mark.find(body, edits) {
			return nil, false
		}
	}
	if slices.ContainsFunc(p.expressions, func(expression expressionSplice) bool { return expression.member != "" }) {
		edits := make([]edit, len(p.expressions))
		if runs[3] = edits; !expressionMark.find(body, edits) {
			return nil, false
		}
		for number, expression := range p.expressions {
			if expression.member == "" {
				continue
			}
			at := edits[number].at
			length := stringLength(body[at:])
			if length < 0 {
				return nil, false
			}
			edits[number] = edit{at: at - len(expressionMark), gone: len(expressionMark) + length + 1, text: expression.members + expression.member}
		}
	}
	return p.edited(body, runs), true
}

// find sets where the edits go: behind each time that the member begins. False if that is not as often as they are.
func (m mark) find(body []byte, edits []edit) bool {
	at, ok := 0, true
	for number := range edits {
		if at, ok = m.after(body, at); !ok {
			return false
		}
		edits[number].at, edits[number].last = at, at < len(body) && body[at] == '}'
	}
	_, more := m.after(body, at)
	return !more
}

func (p *splices) edited(body []byte, runs [4][]edit) *segments {
	edits, size := 0, 0
	for _, run := range runs {
		edits += len(run)
		for _, edit := range run {
			if size += len(edit.text); edit.stamp != nil {
				size += 80*len(edit.stamp.Pairs) + 40
			}
		}
	}
	result := &segments{pieces: make([][]byte, 0, 2*edits+1)}
	added := make([]byte, 0, size)
	comma := ""
	member := func(name, number string) {
		added = append(append(append(added, comma...), '"'), name...)
		added = append(append(append(added, `":{"N":"`...), number...), `"}`...)
		comma = ","
	}
	from := 0
	for {
		first := -1
		for run, edits := range runs {
			if len(edits) > 0 && (first < 0 || edits[0].at < runs[first][0].at) {
				first = run
			}
		}
		if first < 0 {
			break
		}
		edit := runs[first][0]
		runs[first] = runs[first][1:]
		start := len(added)
		switch {
		case edit.stamp != nil:
			comma = ""
			edit.stamp.attributes(p.at, p.names, member)
			if !edit.last {
				added = append(added, ',')
			}
		case edit.last:
			added = append(added, strings.TrimSuffix(edit.text, ",")...)
		default:
			added = append(added, edit.text...)
		}
		if len(added) > start || edit.gone > 0 {
			result.add(body[from:edit.at])
			// Should it grow beyond its room, the pieces before keep what they were given.
			result.add(added[start:len(added):len(added)])
			from = edit.at + edit.gone
		}
	}
	result.add(body[from:])
	return result
}

// stringLength is the length of what is left of a JSON string, without the quote that ends it; negative if none does.
func stringLength(body []byte) int {
	for at := 0; at < len(body); at++ {
		switch body[at] {
		case '\\':
			at++
		case '"':
			return at
		}
	}
	return -1
}

// quoted is a text as JSON.
func quoted(text string) string {
	made, err := json.Marshal(text)
	if err != nil {
		return ""
	}
	return string(made)
}

// written takes what a reader has, without a copy where that is in one piece.
type written struct{ body []byte }

func (w *written) Write(part []byte) (int, error) {
	if w.body == nil {
		w.body = part[:len(part):len(part)]
	} else {
		w.body = append(w.body, part...)
	}
	return len(part), nil
}

// spliced is the request with what is added in its body. False where it cannot be put there.
func spliced(request *smithyhttp.Request, p *splices) (*smithyhttp.Request, bool) {
	var serialised written
	if _, err := io.Copy(&serialised, request.GetStream()); err != nil {
		return nil, false
	}
	stamped, ok := p.into(serialised.body)
	if !ok {
		return nil, false
	}
	made, err := request.SetStream(stamped)
	if err != nil {
		return nil, false
	}
	made.ContentLength = stamped.length
	return made, true
}
