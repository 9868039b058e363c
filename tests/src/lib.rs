//! Tests of the whole system. The tests themselves are in `tests/`; the model of a global table that knows ancestry,
//! and the proof that rests on it, are the member `tests/model`.
