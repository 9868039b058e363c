//! What AWS does around the stream processor, on one machine.
