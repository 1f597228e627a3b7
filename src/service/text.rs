//! Checks of single texts: names, addresses, bounds.
