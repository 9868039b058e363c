package stamps

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestNumbersOfAStampAreReadInEachForm(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "5": 5, "00017": 17, "5.0": 5, "1E3": 1000, "1.5e1": 15, "+7": 7, "-0": 0, "0e99999": 0,
		"1795349587051000": 1795349587051000, "253402300799999999": MaxPart, "25340230079999999.9E1": MaxPart,
	} {
		if got := ParsePart(text); got != NewPart(want) {
			t.Errorf("%q: %v", text, got)
		}
	}
	for _, text := range []string{
		"", "x", "-1", "1.5", "1E-1", "253402300800000000", "1E+999999", "1E18", "NaN", "Infinity", "1e", "e1", ".", "--1",
		"1_0", " 5", "٣", "1E999999999999999999999",
	} {
		if got := ParsePart(text); got.Known {
			t.Errorf("%q was read as %d", text, got.Value)
		}
	}
}

func TestEqualNumbersAreEqualDecimals(t *testing.T) {
	groups := [][]string{
		{"1", "1.0", "1.00", "+1", "01", "10e-1", "0.1E1"}, {"0", "-0", "0.0", "0E5"}, {"-12.5", "-125e-1", "-012.50"}, {"100", "1e2"},
	}
	for number, group := range groups {
		for other, texts := range groups {
			for _, one := range group {
				for _, two := range texts {
					first, firstOK := ParseDecimal(one)
					second, secondOK := ParseDecimal(two)
					if !firstOK || !secondOK || (first == second) != (number == other) {
						t.Errorf("%q and %q: %v and %v", one, two, first, second)
					}
				}
			}
		}
	}
}

func TestNamesAreToldAndMadeAlike(t *testing.T) {
	names, err := NewNames("lw")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Attribute{
		"lw:n:us-east-1": {Count, "us-east-1"}, "lw:t:eu-west-1": {Time, "eu-west-1"}, "lw:reset": {Kind: Reset},
	} {
		if got, is := names.Parse(name); !is || got != want || names.Name(got) != name {
			t.Errorf("%s: %v %v", name, got, is)
		}
	}
	for _, name := range []string{
		"lw:deleted", "lw:", "lw", "lw:n:", "lw:n:local", "lw:x:us-east-1", "lwn:us-east-1", "lw:n", "lw:reset:us-east-1", "w:n:us-east-1", "",
	} {
		if names.Is(name) {
			t.Errorf("%s was taken for a stamp", name)
		}
	}
	for _, prefix := range []string{"", "a:b"} {
		if _, err := NewNames(prefix); err == nil || !strings.Contains(err.Error(), "without a colon") {
			t.Errorf("prefix %q: %v", prefix, err)
		}
	}
}

// randomStamps has times around the tolerance, and some parts left out.
func randomStamps(random *rand.Rand) Stamps {
	var made Stamps
	for _, region := range []string{"us-east-1", "eu-west-1", "ap-south-1"} {
		if random.IntN(3) > 0 {
			made.Set(Attribute{Count, region}, NewPart(random.Int64N(4)))
		}
		if random.IntN(4) > 0 {
			made.Set(Attribute{Time, region}, NewPart(random.Int64N(4)*60_000))
		}
	}
	if random.IntN(3) == 0 {
		made.Set(Attribute{Kind: Reset}, NewPart(random.Int64N(4)))
	}
	return made
}

func TestWhatIsLaterClaimsNothingThatWasNotSeen(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		one, other := randomStamps(random), randomStamps(random)
		both := one.Later(other)
		for _, pair := range both.Pairs {
			first, inOne := one.Pair(pair.Region)
			second, inOther := other.Pair(pair.Region)
			if !(inOne && first == pair.Pair) && !(inOther && second == pair.Pair) {
				t.Fatalf("%v of %v and %v: %v", pair, one, other, both)
			}
			if inOne && inOther && (first.T.Value > pair.T.Value+ClockTolerance || second.T.Value > pair.T.Value+ClockTolerance) {
				t.Fatalf("%v of %v and %v is the older one", pair, one, other)
			}
		}
		for _, seen := range []Stamps{one, other} {
			for _, pair := range seen.Pairs {
				if _, is := both.Pair(pair.Region); !is {
					t.Fatalf("%s of %v was forgotten: %v", pair.Region, seen, both)
				}
			}
			if seen.Reset.Known && (!both.Reset.Known || both.Reset.Value < seen.Reset.Value) {
				t.Fatalf("the reset of %v was forgotten: %v", seen, both)
			}
		}
		if again := both.Later(both); len(again.Pairs) != len(both.Pairs) || again.Reset != both.Reset {
			t.Fatalf("%v is later than itself: %v", again, both)
		}
	}
}

func TestStampsThatWereMadeStayAsTheyAre(t *testing.T) {
	made := Stamps{}.With("us-east-1", Pair{N: NewPart(1)})
	_ = made.With("us-east-1", Pair{N: NewPart(2)})
	_ = made.Later(Stamps{}.With("us-east-1", Pair{N: NewPart(9), T: NewPart(MaxPart)}))
	if pair, _ := made.Pair("us-east-1"); pair != (Pair{N: NewPart(1)}) {
		t.Errorf("it was changed: %v", pair)
	}
}
