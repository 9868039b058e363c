package lastwriter

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// formula says from what "there is no item" follows: from a name's being a key attribute, from all of two further
// formulas, or from any of them. Nil: it never follows.
type formula struct {
	name        string
	all         bool
	left, right *formula
}

func both(left, right *formula) *formula {
	if left == nil || right == nil {
		return nil
	}
	return &formula{all: true, left: left, right: right}
}

func either(left, right *formula) *formula {
	if left == nil {
		return right
	}
	if right == nil {
		return left
	}
	return &formula{left: left, right: right}
}

func (f *formula) follows(names map[string]string, isKey func(string) bool) bool {
	switch {
	case f == nil:
		return false
	case f.left == nil:
		if name, is := names[f.name]; is {
			return isKey(name)
		}
		return isKey(f.name)
	case f.all:
		return f.left.follows(names, isKey) && f.right.follows(names, isKey)
	default:
		return f.left.follows(names, isKey) || f.right.follows(names, isKey)
	}
}

// meaning is from what "there is no item" follows if a condition holds, and if it does not.
type meaning struct{ ifTrue, ifFalse *formula }

// conditionParser is recursive descent over the grammar of condition expressions: OR binds weakest, then AND, then NOT.
// After a mistake it goes on to no purpose; DynamoDB will tell it.
type conditionParser struct {
	tokens    []token
	at        int
	malformed bool
}

// absence is what "there is no item" needs, if the condition holds. Nil if it never follows, or the text is malformed.
func absence(expression string) *formula {
	parser := conditionParser{tokens: tokens(expression)}
	found := parser.or()
	if parser.malformed || parser.at != len(parser.tokens) {
		return nil
	}
	return found.ifTrue
}

func (p *conditionParser) peek(ahead int) string {
	if at := p.at + ahead; at < len(p.tokens) {
		return p.tokens[at].text
	}
	return ""
}

func (p *conditionParser) next() string {
	text := p.peek(0)
	if text == "" {
		p.malformed = true
	} else {
		p.at++
	}
	return text
}

// take goes past a word, in any case, if it comes next.
func (p *conditionParser) take(text string) bool {
	if p.malformed || !strings.EqualFold(p.peek(0), text) {
		return false
	}
	p.at++
	return true
}

func (p *conditionParser) expect(text string) {
	if !p.take(text) {
		p.malformed = true
	}
}

func (p *conditionParser) or() meaning {
	left := p.and()
	for p.take("OR") {
		right := p.and()
		left = meaning{both(left.ifTrue, right.ifTrue), either(left.ifFalse, right.ifFalse)}
	}
	return left
}

func (p *conditionParser) and() meaning {
	left := p.not()
	for p.take("AND") {
		right := p.not()
		left = meaning{either(left.ifTrue, right.ifTrue), both(left.ifFalse, right.ifFalse)}
	}
	return left
}

func (p *conditionParser) not() meaning {
	if p.take("NOT") {
		inner := p.not()
		return meaning{inner.ifFalse, inner.ifTrue}
	}
	return p.primary()
}

func (p *conditionParser) primary() meaning {
	if p.take("(") {
		inner := p.or()
		p.expect(")")
		return inner
	}
	function := ""
	if p.peek(1) == "(" {
		function = p.peek(0)
	}
	name := p.operand()
	switch {
	case isComparator(p.peek(0)):
		p.next()
		p.operand()
	case p.take("BETWEEN"):
		p.operand()
		p.expect("AND")
		p.operand()
	case p.take("IN"):
		p.expect("(")
		p.arguments()
	case name == "":
	case function == "attribute_not_exists":
		return meaning{ifTrue: &formula{name: name}}
	case function == "attribute_exists":
		return meaning{ifFalse: &formula{name: name}}
	}
	return meaning{}
}

func isComparator(text string) bool {
	switch text {
	case "=", "<>", "<", "<=", ">", ">=":
		return true
	}
	return false
}

// operand reads a path, a placeholder or a function call. It gives the name, if it is a bare one or has that as its one
// argument.
func (p *conditionParser) operand() string {
	if p.malformed {
		return ""
	}
	text := p.next()
	if isComparator(text) || (len(text) == 1 && strings.Contains(punctuation, text)) {
		p.malformed = true
		return ""
	}
	if p.take("(") {
		return p.arguments()
	}
	bare := true
	for !p.malformed {
		if p.take(".") {
			p.next()
		} else if p.take("[") {
			p.next()
			p.expect("]")
		} else {
			break
		}
		bare = false
	}
	if !bare {
		return ""
	}
	return text
}

func (p *conditionParser) arguments() string {
	name := p.operand()
	for p.take(",") {
		p.operand()
		name = ""
	}
	p.expect(")")
	return name
}

// condition is what a put demands of the item that is there.
type condition struct {
	expression *string
	names      map[string]string
	// The parameters that expressions replaced.
	expected map[string]types.ExpectedAttributeValue
	operator types.ConditionalOperator
}

// mustNotExist reports whether a put can only succeed where there is no item. Only then does one without stamps create an
// item, and not replace one whose history it never read. The answer is conservative: true only if the condition as a
// whole cannot hold for an item that exists.
//
// keys are the names of the table's key attributes. If they are not known, any attribute of the item is taken for one:
// "must not have what I am about to write" is how conditional creates are written.
func (c *condition) mustNotExist(item map[string]types.AttributeValue, keys []string) bool {
	if c.expression == nil && len(c.expected) == 0 {
		return false
	}
	isKey := func(name string) bool {
		for _, key := range keys {
			if key == name {
				return true
			}
		}
		_, is := item[name]
		return is && keys == nil
	}
	if c.expression != nil {
		return absences.get(*c.expression, absence).follows(c.names, isKey)
	}
	for name, test := range c.expected {
		absent := isKey(name) &&
			((test.Exists != nil && !*test.Exists) || test.ComparisonOperator == types.ComparisonOperatorNull)
		if absent != (c.operator == types.ConditionalOperatorOr) {
			// With AND one such test is enough; with OR one that is none spoils it.
			return absent
		}
	}
	return c.operator == types.ConditionalOperatorOr
}
