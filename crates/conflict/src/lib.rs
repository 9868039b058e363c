//! What one stream record of a DynamoDB global table says about last writer wins.
//!
//! This crate is pure: no I/O, no clock, no AWS client. [`judge`] takes the stamps of an item before and after a
//! change, as one Region's stream shows it, and gives a [`Verdict`]. The rules are those of the specification,
//! section 3; the stamps those of section 2.
//!
//! ```
//! use conflict::{Change, Stamp, Stamps, Tolerance, Verdict, judge};
//!
//! // us-east-1 and eu-west-1 both updated version (us-east-1: 4). The stream of us-east-1 shows its own fifth
//! // write replaced by one that never saw it.
//! let loser = Stamps::from_iter([("us-east-1", Stamp::new(5, 2_000_000))]);
//! let winner = Stamps::from_iter([
//!     ("us-east-1", Stamp::new(4, 1_000_000)),
//!     ("eu-west-1", Stamp::new(1, 2_000_500)),
//! ]);
//! let change = Change::Modify { old: &loser, new: &winner };
//! let Verdict::Conflict(conflict) = judge(change, "us-east-1", Tolerance::default()) else { panic!() };
//! assert_eq!(conflict.winner_region, "eu-west-1");
//! assert_eq!(conflict.lost_writes, 1);
//! ```

mod borrowed;
mod image;
mod judge;
mod jump;
mod kind;
mod number;
mod stamp_fault;
mod stamp_names;
mod stamps;
mod verdict;

pub use borrowed::{Borrowed, LEGACY_PREFIX, LEGACY_REGION, judge_borrowed};
pub use image::{differing_attributes, values_equal};
pub use judge::{Change, Tolerance, judge, judge_after};
pub use jump::{Landing, depends_on_jump, jump};
pub use kind::{Confidence, Kind};
pub use number::Decimal;
pub use stamp_fault::StampFault;
pub use stamp_names::{MAX_REGION_LENGTH, StampAttribute, StampNames, is_region_name};
pub use stamps::{Stamp, Stamps, integer};
pub use verdict::{Conflict, ReplicatedWrite, SuspectedConflict, Verdict};
