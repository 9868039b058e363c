package stamps

import (
	"strconv"
	"strings"
)

// MaxPart is the largest time or count that a stamp may hold: the end of the year 9999 in microseconds.
const MaxPart int64 = 253402300799999999

// Part is a count or a time of a stamp, where there is one.
type Part struct {
	Value int64
	Known bool
}

// NewPart is a part that is there.
func NewPart(value int64) Part { return Part{Value: value, Known: true} }

// Larger is the larger of two parts; what is not there is smaller than anything.
func (p Part) Larger(other Part) Part {
	if other.Known && (!p.Known || other.Value > p.Value) {
		return other
	}
	return p
}

// ParsePart reads a part from a number as DynamoDB writes it. Not known for what is no integer in the range of a stamp.
func ParsePart(text string) Part {
	if len(text) < 18 && onlyDigits(text) {
		value, _ := strconv.ParseInt(text, 10, 64) // 17 digits fit.
		return NewPart(value)
	}
	number, ok := ParseDecimal(text)
	// The order matters: 1E+999999 must not be spelt out.
	if !ok || number.Negative || number.Exponent < 0 || len(number.Digits)+number.Exponent > 18 {
		return Part{}
	}
	if number.Digits == "" {
		return NewPart(0)
	}
	value, err := strconv.ParseInt(number.Digits+strings.Repeat("0", number.Exponent), 10, 64)
	if err != nil || value > MaxPart {
		return Part{}
	}
	return NewPart(value)
}

// Decimal is a number in one form: equal numbers are equal values. Zero has no digits, no sign and no exponent.
type Decimal struct {
	Negative bool
	// Digits without zeros at either end.
	Digits   string
	Exponent int
}

// ParseDecimal reads a number in any form that DynamoDB takes: 1, 1.0, -1e3.
func ParseDecimal(text string) (Decimal, bool) {
	number := Decimal{}
	rest := text
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		number.Negative, rest = rest[0] == '-', rest[1:]
	}
	if at := strings.IndexAny(rest, "eE"); at >= 0 {
		exponent, err := strconv.Atoi(rest[at+1:])
		if err != nil {
			return Decimal{}, false
		}
		number.Exponent, rest = exponent, rest[:at]
	}
	whole, fraction, _ := strings.Cut(rest, ".")
	digits := whole + fraction
	if !onlyDigits(digits) {
		return Decimal{}, false
	}
	number.Exponent -= len(fraction)
	number.Digits = strings.TrimRight(digits, "0")
	number.Exponent += len(digits) - len(number.Digits)
	number.Digits = strings.TrimLeft(number.Digits, "0")
	if number.Digits == "" {
		return Decimal{}, true
	}
	return number, true
}
