package stamps

import "slices"

// ClockTolerance is how far the clocks of one Region's writers may lie apart, in microseconds: the stream processor's
// default tolerance.
const ClockTolerance int64 = 100_000

// Pair is one Region's stamp: how many of its writes the version descends from, and the time of the latest.
type Pair struct{ N, T Part }

// RegionPair is a pair with its Region.
type RegionPair struct {
	Region string
	Pair
}

// Stamps are all stamps of one version of an item. Nothing changes one that was made, so any number of goroutines may
// hold it.
type Stamps struct {
	// Pairs has one for each Region, in no order that means something. There are few.
	Pairs []RegionPair
	Reset Part
}

// IsEmpty reports whether there is no stamp at all.
func (s Stamps) IsEmpty() bool { return len(s.Pairs) == 0 && !s.Reset.Known }

// Pair is a Region's pair, and whether there is one.
func (s Stamps) Pair(region string) (Pair, bool) {
	for _, pair := range s.Pairs {
		if pair.Region == region {
			return pair.Pair, true
		}
	}
	return Pair{}, false
}

// With has another pair for a Region.
func (s Stamps) With(region string, pair Pair) Stamps {
	pairs := slices.Clone(s.Pairs)
	for at := range pairs {
		if pairs[at].Region == region {
			pairs[at].Pair = pair
			return Stamps{Pairs: pairs, Reset: s.Reset}
		}
	}
	return Stamps{Pairs: append(pairs, RegionPair{Region: region, Pair: pair}), Reset: s.Reset}
}

// Set notes what one attribute says, while stamps are being read.
func (s *Stamps) Set(attribute Attribute, part Part) {
	if !part.Known {
		return
	}
	if attribute.Kind == Reset {
		s.Reset = part
		return
	}
	at := slices.IndexFunc(s.Pairs, func(pair RegionPair) bool { return pair.Region == attribute.Region })
	if at < 0 {
		at = len(s.Pairs)
		s.Pairs = append(s.Pairs, RegionPair{Region: attribute.Region})
	}
	if attribute.Kind == Count {
		s.Pairs[at].N = part
	} else {
		s.Pairs[at].T = part
	}
}

// Later is what a process has seen that has seen both: of each Region the later pair, and the later reset.
func (s Stamps) Later(other Stamps) Stamps {
	if other.IsEmpty() {
		return s
	}
	if s.IsEmpty() {
		return other
	}
	if other.covers(s) {
		return other
	}
	found := Stamps{Pairs: slices.Clone(s.Pairs), Reset: s.Reset.Larger(other.Reset)}
	for _, pair := range other.Pairs {
		at := slices.IndexFunc(found.Pairs, func(known RegionPair) bool { return known.Region == pair.Region })
		if at < 0 {
			found.Pairs = append(found.Pairs, pair)
		} else {
			found.Pairs[at].Pair = later(found.Pairs[at].Pair, pair.Pair)
		}
	}
	return found
}

// covers reports whether stamps have nothing that is not there or later in these: so it is with those of a write of ours.
func (s Stamps) covers(other Stamps) bool {
	for _, pair := range other.Pairs {
		own, is := s.Pair(pair.Region)
		if !is || later(pair.Pair, own) != own {
			return false
		}
	}
	return other.Reset.Larger(s.Reset) == s.Reset
}

// later is the pair of the later write of one Region.
//
// By time where the times are further apart than clocks may be. A count alone would not do: it falls where a Region's
// writes were lost, and is used again. Within the tolerance the count tells.
func later(one, other Pair) Pair {
	apart := other.T.Value - one.T.Value
	if apart > ClockTolerance {
		return other
	}
	if apart < -ClockTolerance {
		return one
	}
	if other.N.Value > one.N.Value || (other.N.Value == one.N.Value && apart > 0) {
		return other
	}
	return one
}
