package lastwriter

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Just enough of DynamoDB's update expression grammar to add clauses to one.
//
// An update expression is up to four sections, each begun by its keyword, in any order and case:
//
//	SET path = value, ...   REMOVE path, ...   ADD path value, ...   DELETE path value, ...
//
// Values never stand in the text (they are placeholders), so no quoting has to be understood. The grammar is in the
// DynamoDB Developer Guide, "Update expressions".

// maxExpressionBytes is what DynamoDB allows for an expression string ("Service, account, and table quotas").
const maxExpressionBytes = 4096

// section is a kind of section of an update expression.
type section int

const (
	setSection section = iota
	removeSection
	addSection
	deleteSection
	sectionCount
)

var sectionKeywords = [sectionCount]string{"SET", "REMOVE", "ADD", "DELETE"}

func (s section) String() string { return sectionKeywords[s] }

// token is one token and where it stands in the expression. A word is a keyword, an attribute name, a placeholder with
// its sign, a function name or an index.
type token struct {
	text       string
	start, end int
}

const punctuation = ",=<>().[]+-"

// tokens splits an update or condition expression. White space is dropped.
func tokens(expression string) []token {
	found := make([]token, 0, 16)
	add := func(start, end int) { found = append(found, token{expression[start:end], start, end}) }
	word := -1
	endWord := func(at int) {
		if word >= 0 {
			add(word, at)
			word = -1
		}
	}
	for at := 0; at < len(expression); {
		character, size := utf8.DecodeRuneInString(expression[at:])
		switch {
		case unicode.IsSpace(character):
			endWord(at)
		case strings.ContainsRune(punctuation, character):
			endWord(at)
			if two := expression[at:min(at+2, len(expression))]; two == "<>" || two == "<=" || two == ">=" {
				size = 2
			}
			add(at, at+size)
		case word < 0:
			word = at
		}
		at += size
	}
	endWord(len(expression))
	return found
}

// keyword is the section that a word begins where a keyword may stand.
func keyword(text string) (section, bool) {
	if len(text) < 3 || len(text) > 6 {
		return 0, false
	}
	for kind, name := range sectionKeywords {
		if strings.EqualFold(text, name) {
			return section(kind), true
		}
	}
	return 0, false
}

// expectsOperand reports whether an operand must follow a token, so that a word there is a name and no keyword.
func expectsOperand(text string) bool {
	return len(text) == 1 && strings.Contains(",=+-.([", text)
}

// updateExpression is what has to be known of an update expression to extend it, or to leave some of its actions out.
type updateExpression struct {
	// ends is the offset just behind the last token of each section; 0 where there is none.
	ends [sectionCount]int
	// targets are the first tokens of the paths that are written: names or #placeholders.
	targets []string
	parts   []sectionText
	// end is the offset just behind the last token.
	end int
	// likeOurs is set where the text has something that begins like a placeholder of a stamp's.
	likeOurs bool
}

// sectionText is a section as written: its keyword, and the text of each of its actions.
type sectionText struct {
	kind    section
	keyword string
	actions []string
}

// parseUpdate finds the sections of an update expression. Nil if it is one that DynamoDB rejects anyway (empty, an empty
// or doubled section, a dangling comma): it must not become valid by what is added to it.
func parseUpdate(expression string) *updateExpression {
	parsed := &updateExpression{likeOurs: strings.Contains(expression, stampStem)}
	var current *sectionText
	previous := ""
	// Where the action begins that is being read; negative at its start.
	action, depth := -1, 0
	endAction := func() {
		current.actions = append(current.actions, expression[action:parsed.end])
		action = -1
	}
	for _, token := range tokens(expression) {
		kind, is := keyword(token.text)
		switch {
		case is && depth == 0 && !expectsOperand(previous):
			if parsed.ends[kind] != 0 || (current != nil && action < 0) {
				return nil
			}
			if current != nil {
				endAction()
			}
			parsed.parts = append(parsed.parts, sectionText{kind: kind, keyword: token.text})
			current = &parsed.parts[len(parsed.parts)-1]
		case current == nil:
			return nil
		case action < 0:
			if expectsOperand(token.text) || token.text == ")" || token.text == "]" {
				return nil
			}
			parsed.targets = append(parsed.targets, token.text)
			action = token.start
		case depth == 0 && token.text == ",":
			endAction()
		case token.text == "(" || token.text == "[":
			depth++
		case token.text == ")" || token.text == "]":
			depth--
		}
		parsed.ends[current.kind], parsed.end, previous = token.end, token.end, token.text
	}
	if current == nil || action < 0 || depth != 0 || expectsOperand(previous) {
		return nil
	}
	endAction()
	return parsed
}

// addition is one or more actions to add to a section.
type addition struct {
	section section
	actions string
}

// extend adds actions to an update expression, each to its section, or as a new section at the end. Without an
// expression the additions are the expression.
func extend(expression string, parsed *updateExpression, additions []addition) string {
	var tail strings.Builder
	type piece struct {
		at   int
		text string
	}
	var pieces []piece
	for _, added := range additions {
		if parsed == nil || parsed.ends[added.section] == 0 {
			if parsed != nil || tail.Len() > 0 {
				tail.WriteByte(' ')
			}
			tail.WriteString(added.section.String() + " " + added.actions)
		} else {
			pieces = append(pieces, piece{parsed.ends[added.section], ", " + added.actions})
		}
	}
	if parsed == nil {
		return tail.String()
	}
	// Back to front, so that the offsets stay right; a section that ends the expression goes before what is new.
	slices.SortFunc(pieces, func(one, other piece) int { return other.at - one.at })
	result := expression[:parsed.end] + tail.String() + expression[parsed.end:]
	for _, piece := range pieces {
		// A keyword may follow a bracket at once, but not a placeholder.
		gap := ""
		if next, _ := utf8.DecodeRuneInString(result[piece.at:]); piece.at < len(result) && !unicode.IsSpace(next) {
			gap = " "
		}
		result = result[:piece.at] + piece.text + gap + result[piece.at:]
	}
	return result
}

// placeholderSuffix is the first of "", "1", "2", ... that keeps #stem and :stem apart from everything the caller uses.
//
// A placeholder that the caller uses but forgot to define counts as used: defining it would hide the mistake.
func placeholderSuffix[V any](stems []string, texts []string, names map[string]string, values map[string]V) string {
	used := func(suffix string) bool {
		for _, stem := range stems {
			name, value := "#"+stem+suffix, ":"+stem+suffix
			if _, is := names[name]; is {
				return true
			}
			if _, is := values[value]; is {
				return true
			}
			for _, text := range texts {
				if strings.Contains(text, name) || strings.Contains(text, value) {
					return true
				}
			}
		}
		return false
	}
	suffix := ""
	for number := 1; used(suffix); number++ {
		suffix = strconv.Itoa(number)
	}
	return suffix
}

// mayUse reports whether one of the placeholders begins like the stems. Few do, and this is soon told.
func mayUse[V any](begin string, placeholders map[string]V) bool {
	for placeholder := range placeholders {
		if len(placeholder) > len(begin) && placeholder[1:1+len(begin)] == begin {
			return true
		}
	}
	return false
}
