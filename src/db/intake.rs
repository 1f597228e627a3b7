//! The job's ledger: what a listing showed, and what became of it.
