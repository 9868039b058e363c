//! The table's Regions, by number.

/// The most Regions a table can be read in. AWS has fewer.
pub const MAX_REGIONS: usize = 64;

/// A Region's place in the table's list.
pub(crate) type RegionIndex = u8;

/// The table's Regions.
#[derive(Debug, Clone)]
pub(crate) struct Regions(Vec<String>);

impl Regions {
    pub(crate) fn new(names: Vec<String>) -> Self {
        Self(names)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn find(&self, name: &str) -> Option<RegionIndex> {
        let at = self.0.iter().position(|region| region == name)?;
        Some(at as RegionIndex)
    }

    pub(crate) fn name(&self, region: RegionIndex) -> &str {
        &self.0[usize::from(region)]
    }
}
