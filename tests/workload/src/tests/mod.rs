//! The truth and the evaluation, on histories made by hand and on a real run.

mod evaluation;
mod hand_made;
mod run;
mod stamping;
mod values;
