//! A Microsoft 365 tenant on your laptop; empty until its issue.
