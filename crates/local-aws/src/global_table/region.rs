//! The names of AWS Regions, so that a mistyped one is refused at the start.

use std::fmt;

/// AWS's Regions in the three partitions, as the general reference lists them
/// (<https://docs.aws.amazon.com/general/latest/gr/ddb.html>).
const REGION_NAMES: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// The name of a real AWS Region. Regions compare by name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(&'static str);

impl Region {
    /// Looks a Region up by name.
    ///
    /// # Errors
    ///
    /// A name that AWS does not have.
    pub fn parse(name: &str) -> Result<Self, UnknownRegion> {
        match REGION_NAMES.binary_search(&name) {
            Ok(at) => Ok(Self(REGION_NAMES[at])),
            Err(_) => Err(UnknownRegion(name.to_owned())),
        }
    }

    /// The Region's name, such as `us-east-1`.
    pub fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A Region name that AWS does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of an AWS Region; a name looks like `us-east-1`")]
pub struct UnknownRegion(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_region_is_known_and_a_mistyped_one_is_named_in_the_error() {
        assert_eq!(Region::parse("eu-west-1").unwrap().name(), "eu-west-1");
        let error = Region::parse("eu-wset-1").unwrap_err();
        assert!(error.to_string().contains("eu-wset-1"), "{error}");
    }

    #[test]
    fn the_list_is_sorted_so_that_every_region_in_it_is_found() {
        for name in REGION_NAMES {
            assert_eq!(Region::parse(name).unwrap().name(), *name);
        }
    }
}
