//! The formats of stamps: what a time looks like, wherever it stands on a line.

pub(in crate::stamp) mod digits;
pub(in crate::stamp) mod epoch;
pub(in crate::stamp) mod evident;
pub(in crate::stamp) mod family;
pub(in crate::stamp) mod iso;
pub(in crate::stamp) mod keys;
pub(in crate::stamp) mod names;
pub(in crate::stamp) mod order;
pub(in crate::stamp) mod outline;
pub(in crate::stamp) mod place;
pub(in crate::stamp) mod shape;
pub(in crate::stamp) mod slashed;
pub(in crate::stamp) mod special;
pub(in crate::stamp) mod swapped;
pub(in crate::stamp) mod taught;
pub(in crate::stamp) mod tracks;
pub(in crate::stamp) mod unpadded;
