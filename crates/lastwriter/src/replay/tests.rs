//! Replays through the built function.
